"""A user's own files of one JSON object a line; the entry is explained in `tabular`."""

import json
from collections.abc import Iterator
from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.readers.tabular import documents
from pushpull.errors import InputError


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the objects in the files as documents.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, or an object lacks a key; with file and line.
    """
    return documents(entry, _rows)


def _rows(path: Path) -> Iterator[tuple[int, dict]]:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: not JSON ({error}); one object a line") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}, line {number}: expected an object {{...}}, got {line.strip()[:40]!r}")
            yield number, row
