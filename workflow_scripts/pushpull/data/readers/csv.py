"""A user's own CSV files, plain or `.gz`; the entry is explained in `tabular`."""

from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.facts import own_files
from pushpull.data.readers.tabular import Rows, columns, documents
from pushpull.data.tables import csv_rows


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the rows of the files as documents.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, or lacks a column; with file and line.
    """
    return documents(entry, {split: _rows(Path(path), entry) for split, path in own_files(entry).items()})


def _rows(path: Path, entry: dict) -> Rows:
    named = tuple(name for names in columns(entry).values() for name in names)
    for line, row in csv_rows(path, named, entry.get("delimiter", ",")):
        yield f"{path}, line {line}", row
