"""A user's own parquet files, as pandas or the datasets library write them; the entry is explained in `tabular`."""

from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from pushpull.data.documents import Documents
from pushpull.data.facts import own_files
from pushpull.data.readers.class_names import named_rows
from pushpull.data.readers.tabular import documents
from pushpull.errors import InputError


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the rows of the files as documents; classes that are stored as numbers get their names.

    Raises:
        InputError: a file is missing or no parquet file, or lacks a column; with file and row.
    """
    return documents(
        entry,
        {split: named_rows(_open(path), entry, path) for split, path in own_files(entry).items()},
    )


def _open(path: str) -> datasets.Dataset:
    try:
        return datasets.Dataset(pq.read_table(path))
    except FileNotFoundError:
        raise InputError(f"{path} is not there; paths are relative to {Path.cwd()}") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: no parquet file that can be read ({error})") from None
