"""UK-LEX: laws of the United Kingdom with their topics; the version with 69 of them.

Chalkidis and Søgaard, "Improved Multi-label Classification under Temporal Concept Drift" (2022); split by time into
20,000 / 8,000 / 8,500 documents. One JSON object a line with `title`, `body`, `labels` (a list) and `data_type`
(train, dev or test). The authors' code (coastalcph/lw-robust) reads these keys and joins title and body with [SEP],
which an encoder would take for its own separator; here a line end stands between them. That code has the topics as
names in capitals.

The published file could not be opened when this was written. So that a small difference does no harm, `label` counts
for `labels`, `val` and `validation` for `dev`, and numbers are taken as names. Sizes other than the published ones
are noted in the dataset card.
"""

import json
from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.facts import facts
from pushpull.errors import InputError, unknown

_FILE = "uk-lex69.jsonl"
_SPLITS = {"train": "train", "dev": "validation", "val": "validation", "validation": "validation", "test": "test"}
_TOPICS = 69


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the published splits in file order, ids `train-1` and so on; label texts are the names in small letters.

    Raises:
        InputError: a line is no JSON object, lacks a key, has an unknown `data_type`, a title or body that is no
            string, or labels that are no list; with file and line.
    """
    splits: dict[str, list[Document]] = {"train": [], "validation": [], "test": []}
    path = raw / _FILE
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                split, text, labels = _row(line, f"{path}, line {number}")
                splits[split].append(Document(f"{split}-{len(splits[split]) + 1}", text, labels))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); fetch it again") from None
    names = {label for rows in splits.values() for row in rows for label in row.labels}
    return Documents(splits, label_texts={name: name.lower() for name in sorted(names)}, notes=_notes(splits, names))


def _row(line: str, where: str) -> tuple[str, str, tuple[str, ...]]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON ({error}); expected one object a line") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected an object {{...}}, got {line.strip()[:40]!r}")
    names = row.get("labels", row.get("label"))
    missing = [key for key in ("title", "body", "data_type") if key not in row] + ["labels"] * (names is None)
    if missing:
        raise InputError(f"{where}: no key {missing[0]!r}; there are: {', '.join(row)}")
    if str(row["data_type"]) not in _SPLITS:
        raise InputError(f"{where}: {unknown('data_type', row['data_type'], ('train', 'dev', 'test'))}")
    for key in ("title", "body"):
        if not isinstance(row[key], str):
            raise InputError(f"{where}: {key}: expected a string, got {row[key]!r:.40}")
    if not isinstance(names, list) or not all(isinstance(name, (str, int)) for name in names):
        raise InputError(f"{where}: labels: expected a list of names or numbers, got {names!r:.40}")
    labels = tuple(dict.fromkeys(str(name) for name in names))
    return _SPLITS[row["data_type"]], f"{row['title']}\n{row['body']}", labels


def _notes(splits: dict[str, list[Document]], names: set[str]) -> list[str]:
    found, published = {split: len(rows) for split, rows in splits.items()}, facts("uk_lex").published
    if found == published and len(names) == _TOPICS:
        return []
    sizes = [" / ".join(f"{size:,}" for size in counts.values()) for counts in (published, found)]
    return [f"published: {sizes[0]} documents, {_TOPICS} labels; in this file: {sizes[1]}, {len(names)} labels"]
