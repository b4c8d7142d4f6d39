"""A folder that the datasets library saved (`save_to_disk`); the entry is explained in `tabular`, with `folder:`.

A `DatasetDict` has its splits; a single `Dataset` needs `split` or `resplit`.
"""

from pathlib import Path

import datasets

from pushpull.data.documents import SPLITS, Documents
from pushpull.data.readers.class_names import named_rows
from pushpull.data.readers.tabular import ALSO, documents
from pushpull.errors import InputError


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the rows of the saved splits as documents; classes that are stored as numbers get their names.

    Raises:
        InputError: the folder holds nothing that was saved, or a split lacks a column.
    """
    folder = entry["folder"]
    try:
        found = datasets.load_from_disk(folder)
    except FileNotFoundError:
        raise InputError(
            f"folder: {folder} holds no saved dataset; save one with save_to_disk, or take `reader: parquet`"
        ) from None
    tables = {"train": found} if isinstance(found, datasets.Dataset) else found
    if isinstance(found, datasets.Dataset) and not {"split", "resplit"} & entry.keys():
        raise InputError(f"folder: {folder} has no splits; name a column under `split:`, or give `resplit:`")
    used = {ALSO.get(split, split): table for split, table in tables.items() if ALSO.get(split, split) in SPLITS}
    left = sorted(split for split in tables if ALSO.get(split, split) not in SPLITS)
    read = documents(entry, {split: named_rows(table, entry, f"{folder}/{split}") for split, table in used.items()})
    read.notes += [f"splits of the folder that are not read: {', '.join(left)}"] if left else []
    return read
