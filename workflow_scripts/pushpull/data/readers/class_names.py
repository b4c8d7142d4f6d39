"""Rows of the datasets library, with the names of classes in place of their numbers."""

import datasets

from pushpull.data.readers.tabular import Rows, columns
from pushpull.errors import InputError


def named_rows(table: datasets.Dataset, entry: dict, where: str) -> Rows:
    """Yield (where a row stands, {column: cell}) of the columns that an entry of config.yaml names.

    Raises:
        InputError: there is no such column.
    """
    wanted = [name for names in columns(entry).values() for name in names]
    for key, names in columns(entry).items():
        for name in names:
            if name not in table.column_names:
                raise InputError(f"{where}: no column {name!r} ({key}:); there are: {', '.join(table.column_names)}")
    classes = {name: found for name in wanted if (found := _classes(table.features[name]))}
    for number, row in enumerate(table.select_columns(wanted), start=1):
        yield f"{where}, row {number}", row | {name: _named(row[name], of) for name, of in classes.items()}


def _classes(feature: object) -> datasets.ClassLabel | None:
    inner = getattr(feature, "feature", feature)  # of a list of classes
    return inner if isinstance(inner, datasets.ClassLabel) else None


def _named(cell: object, classes: datasets.ClassLabel) -> object:
    """The name of a class, or those of a list; None, which is refused as a label, for one that is not known (-1)."""
    if isinstance(cell, list):
        return [_named(each, classes) for each in cell]
    return classes.int2str(cell) if isinstance(cell, int) and 0 <= cell < classes.num_classes else None
