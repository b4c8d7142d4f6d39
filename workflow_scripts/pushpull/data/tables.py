"""Text files as people and publishers write them: UTF-8, plain or gzipped, and CSV with one header line."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

from pushpull.errors import InputError

_DELIMITERS = (";", "\t", "|", ",")


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, or a gzipped one that ends in `.gz`, with or without byte order mark, line ends as they are.

    Raises:
        InputError: it is missing, not UTF-8, or no gzip file; also while it is read.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there; paths are relative to {Path.cwd()}")
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # utf-8-sig: spreadsheets write a byte order mark, which would become part of the first column's name.
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8 and run again") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: not a gzip file that can be read ({error})") from None


def csv_rows(path: Path, columns: tuple[str, ...] = (), delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as (number of its last line in the file, column -> cell); cells may be quoted, with line ends.

    Args:
        path: as for `open_text`.
        columns: these must be there; others may be, too.
        delimiter: one character, between the cells.

    Raises:
        InputError: the file is missing, not UTF-8 or malformed, lacks a column or has one twice, or a row has not as
            many fields as the header; with file and line.
    """
    csv.field_size_limit(2**31 - 1)
    with open_text(path) as stream:
        reader = csv.DictReader(stream, strict=True, delimiter=delimiter, skipinitialspace=True)
        try:
            _check_columns(path, columns, reader.fieldnames or [], delimiter)
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(
                        f"{path}, line {reader.line_num}: not as many fields as the header has "
                        f"({len(reader.fieldnames)}); put quotation marks around texts with {delimiter!r}"
                    )
                yield reader.line_num, row
        except csv.Error as error:
            # The line that failed is not counted yet.
            raise InputError(f"{path}, line {reader.line_num + 1}: {error}") from None


def _check_columns(path: Path, columns: tuple[str, ...], header: list[str], delimiter: str) -> None:
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise InputError(f"{path}, line 1: {twice[0]!r} is the name of more than one column; rename or drop the others")
    for column in columns:
        if column not in header:
            near = get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f" (is it {near[0]!r}?)" if near else ""
            mark = _other_delimiter(header, delimiter)
            advice = f'; the header looks like one with `delimiter: "{mark}"`' if mark else ""
            listed = ", ".join(map(repr, header)) or "none"
            raise InputError(f"{path}, line 1: no column {column!r}{hint}; there are: {listed}{advice}")


def _other_delimiter(header: list[str], delimiter: str) -> str:
    """The delimiter that a header of a single column seems to have, as it is written in YAML; else ""."""
    found = [mark for mark in _DELIMITERS if len(header) == 1 and mark != delimiter and mark in header[0]]
    return found[0].replace("\t", "\\t") if found else ""
