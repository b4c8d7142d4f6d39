"""CSV files as people and publishers write them: one header line, quoted cells that may hold commas and line ends."""

import csv
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pushpull.errors import InputError


def csv_rows(path: Path, columns: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as (number of its last line in the file, column -> cell).

    Args:
        path: UTF-8, with or without byte order mark.
        columns: these must be there; others may be, too.

    Raises:
        InputError: the file is missing, not UTF-8 or malformed, lacks a column, or a row has not as many fields as
            the header; with file and line.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there; paths are relative to {Path.cwd()}")
    csv.field_size_limit(2**31 - 1)
    try:
        # utf-8-sig: spreadsheets write a byte order mark, which would become part of the first column's name.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            try:
                _check_columns(path, columns, reader.fieldnames or [])
                for row in reader:
                    if None in row or None in row.values():
                        raise InputError(
                            f"{path}, line {reader.line_num}: not as many fields as the header has "
                            f"({len(reader.fieldnames)}); put quotation marks around texts with commas"
                        )
                    yield reader.line_num, row
            except csv.Error as error:
                # The line that failed is not counted yet.
                raise InputError(f"{path}, line {reader.line_num + 1}: {error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8 and run again") from None


def _check_columns(path: Path, columns: tuple[str, ...], header: list[str]) -> None:
    for column in columns:
        if column not in header:
            near = get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f" (is it {near[0]!r}?)" if near else ""
            listed = ", ".join(map(repr, header)) or "none"
            raise InputError(f"{path}, line 1: no column {column!r}{hint}; there are: {listed}")
