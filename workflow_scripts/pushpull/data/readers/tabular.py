"""A user's own tables: no code needed, one entry in `config.yaml`.

my_reports:
  reader: csv       # or jsonl
  task: multi
  files: {train: data/train.csv, test: data/test.csv}   # validation: optional
  text: body        # column names
  labels: topics
  id: number        # optional; else split and row number
  separator: ";"    # between the labels of one cell; this is the default
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.errors import InputError


def documents(entry: dict, rows: Callable[[Path], Iterator[tuple[int, dict]]]) -> Documents:
    """Return the documents of the files in `entry["files"]`; paths are relative to the working folder.

    Args:
        rows: path -> (number of a line, column -> cell) of each row.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, or lacks a column; with file and line.
    """
    splits = {}
    for split, name in entry["files"].items():
        path = Path(name)
        if not path.is_file():
            raise InputError(f"files: {split}: {name} is not there; paths are relative to {Path.cwd()}")
        try:
            splits[split] = [
                _document(row, entry, split, index, f"{path}, line {line}")
                for index, (line, row) in enumerate(rows(path), start=1)
            ]
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8 and run again") from None
    return Documents(splits)


def _document(row: dict, entry: dict, split: str, index: int, where: str) -> Document:
    for key in ("text", "labels", "id"):
        if key in entry and entry[key] not in row:
            raise InputError(f"{where}: no column {entry[key]!r} ({key}:); there are: {', '.join(map(str, row))}")
    text = row[entry["text"]]
    if not isinstance(text, str):
        raise InputError(f"{where}: {entry['text']}: expected a string, got {text!r}")
    identifier = str(row[entry["id"]]) if "id" in entry else f"{split}-{index}"
    labels = _labels(row[entry["labels"]], entry, where)
    if entry.get("task") == "single" and not labels:
        raise InputError(
            f"{where}: {entry['labels']} is empty, but `task: single` needs a class; fill it in or drop the row"
        )
    return Document(identifier, text, labels)


def _labels(value: object, entry: dict, where: str) -> tuple[str, ...]:
    names = value.split(entry.get("separator", ";")) if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"{where}: {entry['labels']}: expected a string or a list of strings, got {value!r}; write [] for no label"
        )
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
