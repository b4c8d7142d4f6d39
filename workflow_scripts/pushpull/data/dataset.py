"""Reading a prepared dataset: numpy, pyarrow and json only, for the many short jobs that need just this."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pushpull.data.cleaning import released_cleaning
from pushpull.errors import InputError

BLOCK = 16_384


def read_card(folder: str | Path) -> dict:
    """Return `folder/card.json`; keys as `prepare` writes them.

    Raises:
        InputError: the card is missing or is not JSON.
    """
    path = Path(folder) / "card.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is not there; `snakemake {path}` makes it") from None
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the same command again") from None


def label_names(card: dict) -> list[str]:
    """Label names in the card's order, by training frequency: the order of all label columns.

    Example:
        >>> label_names({"labels": [{"name": "acq", "text": "Mergers"}]})
        ['acq']
    """
    return [label["name"] for label in card["labels"]]


def read_ids(folder: str | Path, split: str) -> list[str]:
    """Ids of a split's documents, in file order.

    Raises:
        InputError: the file is missing or damaged.
    """
    return _column(folder, split, "id").to_pylist()


def read_texts(folder: str | Path, split: str, clean: bool = False) -> list[str]:
    """Texts of a split's documents, in file order; `clean` as in `data.cleaning`.

    Raises:
        InputError: the file is missing or damaged.
    """
    return [text for block in iterate_texts(folder, split, clean) for text in block]


def iterate_texts(folder: str | Path, split: str, clean: bool = False) -> Iterator[list[str]]:
    """Texts of a split in blocks of at most 16,384, so that a split of any size is read in little memory.

    Raises:
        InputError: the file is missing or damaged.
    """
    with _readable(folder, split) as path, pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BLOCK, columns=["text"]):
            texts = batch.column("text").to_pylist()
            yield [released_cleaning(text) for text in texts] if clean else texts


def count_documents(folder: str | Path, split: str) -> int:
    """Number of documents of a split, from the file's footer."""
    with _readable(folder, split) as path:
        return pq.read_metadata(path).num_rows


def read_labels(folder: str | Path, split: str, names: list[str]) -> np.ndarray:
    """Return uint8 [documents, labels]: 1 where a document has the label `names[j]`.

    Raises:
        InputError: the file is missing or damaged, or has a label that is not among `names`.
    """
    column = _column(folder, split, "labels")
    labels = column.flatten()
    found = pc.index_in(labels, value_set=pa.array(names, type=labels.type))
    if found.null_count:
        strange = pc.unique(labels.filter(pc.is_null(found))).to_pylist()
        raise InputError(f"{_path(folder, split)}: labels that the card does not have: {strange[:5]}; prepare it again")
    rows = np.repeat(np.arange(len(column)), np.asarray(pc.list_value_length(column)))
    members = np.zeros((len(column), len(names)), dtype=np.uint8)
    members[rows, np.asarray(found)] = 1
    return members


def _path(folder: str | Path, split: str) -> Path:
    return Path(folder) / f"{split}.parquet"


def _column(folder: str | Path, split: str, name: str) -> pa.Array:
    with _readable(folder, split) as path:
        return pq.read_table(path, columns=[name]).column(name).combine_chunks()


@contextmanager
def _readable(folder: str | Path, split: str) -> Iterator[Path]:
    """The path of a split's file; what goes wrong while it is read is said in the user's terms."""
    path = _path(folder, split)
    try:
        yield path
    except FileNotFoundError:
        raise InputError(f"{path} is not there; `snakemake {path}` makes it") from None
    except (pa.ArrowException, OSError, KeyError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the same command again") from None
