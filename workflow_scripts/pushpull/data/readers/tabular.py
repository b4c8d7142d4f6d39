"""What the readers of a user's own tables share: an entry in `config.yaml` says which columns are what, no code needed.

my_reports:
  reader: csv       # or jsonl, parquet, datasets
  task: multi
  files: {train: data/train.csv, test: data/test.csv}   # validation: optional; or one file, with `split` or `resplit`
  text: body        # a column, or several whose texts follow each other: [title, abstract]
  labels: topics    # a column of labels, or several of 0 and 1, one a label: [sports, politics]
  separator: ";"    # between the labels of one cell; this is the default
  id: number        # optional; else split and row number
  split: fold       # of one file: the column that says train, validation or test
  delimiter: "\\t"   # of a CSV file; "," is the default

docs/own_data.md is the guide to it.
"""

from collections.abc import Iterable

from pushpull.data.documents import SPLITS, Document, Documents
from pushpull.data.facts import columns_of
from pushpull.errors import InputError, unknown

SEPARATOR = ";"
_GUESSES = (",", ";", "|", "\t", "/", "\n")
_OFTEN = 0.2  # share of the cells that another separator is in, when it is likely meant
ALSO = {"dev": "validation", "val": "validation", "valid": "validation"}
_SET = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False, "": False}

Rows = Iterable[tuple[str, dict]]
"""(file and line, {column: cell}) of each row."""


def documents(entry: dict, tables: dict[str, Rows]) -> Documents:
    """Return the documents of the tables, in their order.

    Args:
        entry: as above.
        tables: split -> rows; of one file the rows are those of train unless `split` says otherwise.

    Raises:
        InputError: a row lacks a column or a cell is not what the entry says of it; with file and line.
    """
    splits: dict[str, list[Document]] = {}
    for split, rows in tables.items():
        for where, row in rows:
            _has_columns(row, entry, where)
            to = _split(row[entry["split"]], entry["split"], where) if "split" in entry else split
            found = splits.setdefault(to, [])
            number = _id(row, entry["id"], where) if "id" in entry else f"{to}-{len(found) + 1}"
            found.append(Document(number, _text(row, entry, where), _labels(row, entry, where)))
        splits.setdefault(split, [])  # an empty file is a mistake to be named, not a split that is absent
    return Documents(splits, warnings=_separator_warning(entry, splits))


def columns(entry: dict) -> dict[str, list[str]]:
    """{key of the entry: the columns that it names}."""
    return {key: columns_of(entry, key) for key in ("text", "labels", "id", "split") if key in entry}


def _has_columns(row: dict, entry: dict, where: str) -> None:
    for key, names in columns(entry).items():
        for name in names:
            if name not in row:
                raise InputError(f"{where}: no column {name!r} ({key}:); there are: {', '.join(map(str, row))}")


def _id(row: dict, column: str, where: str) -> str:
    if row[column] in (None, ""):
        raise InputError(f"{where}: {column}: no id; give each row one, or leave out `id:` to number the rows")
    return str(row[column])


def _split(value: object, column: str, where: str) -> str:
    name = str(value).strip().lower()
    if (found := ALSO.get(name, name)) not in SPLITS:
        raise InputError(f"{where}: {column}: {unknown('split', value, SPLITS)}")
    return found


def _text(row: dict, entry: dict, where: str) -> str:
    parts = []
    for column in columns(entry)["text"]:
        if not isinstance(row[column], str):
            raise InputError(f"{where}: {column}: expected a string, got {row[column]!r}")
        parts.append(row[column])
    return parts[0] if len(parts) == 1 else "\n".join(filter(None, map(str.strip, parts)))


def _labels(row: dict, entry: dict, where: str) -> tuple[str, ...]:
    column = entry["labels"]
    if not isinstance(column, str):
        labels = tuple(name for name in column if _is_set(row[name], f"{where}: {name}"))
    else:
        labels = _names(row[column], entry.get("separator", SEPARATOR), f"{where}: {column}")
    if entry.get("task") == "single" and not labels:
        raise InputError(f"{where}: no label, but `task: single` needs a class; fill {column} in or drop the row")
    return labels


def _is_set(cell: object, where: str) -> bool:
    value = str(cell).strip().lower()
    if value not in _SET:
        raise InputError(f"{where}: expected 0 or 1, got {cell!r}; or give `labels:` one column of names")
    return _SET[value]


def _names(cell: object, separator: str, where: str) -> tuple[str, ...]:
    if isinstance(cell, int) and not isinstance(cell, bool):
        cell = [cell]
    if isinstance(cell, list):
        cell = [str(each) if isinstance(each, int) and not isinstance(each, bool) else each for each in cell]
    if isinstance(cell, str) and cell.strip()[:1] + cell.strip()[-1:] in ("[]", "{}", "()"):
        raise InputError(
            f"{where}: {cell[:60]!r} is a list written as text; write the names with {separator!r} between them, or "
            "save the lists as JSONL (pandas: to_json(orient='records', lines=True)) or parquet"
        )
    names = cell.split(separator) if isinstance(cell, str) else cell
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{where}: expected a string or a list of strings, got {cell!r}; write [] for no label")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _separator_warning(entry: dict, splits: dict[str, list[Document]]) -> list[str]:
    """A sentence where no cell had the separator, and many have what may be meant as one."""
    cells = [row.labels for rows in splits.values() for row in rows if row.labels]
    if not isinstance(entry["labels"], str) or not cells or any(len(labels) > 1 for labels in cells):
        return []
    counts = {mark: sum(mark in labels[0] for labels in cells) for mark in _GUESSES}
    mark = max(counts, key=counts.get)
    if counts[mark] < max(1, _OFTEN * len(cells)):
        return []
    used = entry.get("separator", SEPARATOR)
    return [
        f"the separator {used!r} is in no cell of the column {entry['labels']!r}, but {mark!r} is in {counts[mark]:,} "
        f"of {len(cells):,}; if it stands between labels, set `separator: {mark!r}`"
    ]
