"""A user's own CSV files; the entry is explained in `tabular`."""

from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.readers.tabular import documents
from pushpull.data.tables import csv_rows


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the rows of the files as documents.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, or lacks a column; with file and line.
    """
    return documents(entry, csv_rows)
