"""Readers by name: a module with `read(entry, raw) -> Documents`, and beside it what is known of its data."""

from importlib import import_module
from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.facts import problems
from pushpull.errors import InputError


def module(reader: str) -> str:
    """Dotted name of a reader's module."""
    return f"pushpull.data.readers.{reader}"


def read(entry: dict, raw: Path | None) -> Documents:
    """Read a dataset with the reader that `entry["reader"]` names.

    Args:
        entry: the dataset's entry of `config.yaml`.
        raw: folder of the downloaded files; None for a dataset that downloads nothing.

    Raises:
        InputError: the entry is not what its reader takes, or the files are not what the reader expects.
    """
    if found := problems(entry):
        raise InputError(found[0])
    return import_module(module(entry["reader"])).read(entry, raw)
