"""A user's own files of one JSON object a line, plain or `.gz`; the entry is explained in `tabular`."""

import json
from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.facts import own_files
from pushpull.data.readers.tabular import Rows, documents
from pushpull.data.tables import open_text
from pushpull.errors import InputError


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the objects in the files as documents.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, or an object lacks a key or has one twice; with file and
            line.
    """
    return documents(entry, {split: _rows(Path(path)) for split, path in own_files(entry).items()})


def _rows(path: Path) -> Rows:
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield f"{path}, line {number}", _object(line, f"{path}, line {number}")


def _object(line: str, where: str) -> dict:
    def once(pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{where}: the key {twice!r} is there twice; leave one of the two")
        return found

    try:
        row = json.loads(line, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON ({error}); one object a line") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected an object {{...}}, got {line.strip()[:40]!r}")
    return row
