"""Training documents on disk as a datastore for kNN: a flat index of faiss, and their label sets beside it."""

from pathlib import Path

import faiss
import numpy as np

from pushpull.errors import InputError
from pushpull.evaluation.knn import Datastore
from pushpull.files import atomic_path

INDEX, LABELS = "index.faiss", "labels.npy"


def save_datastore(folder: Path, vectors: np.ndarray, labels: np.ndarray) -> int:
    """Write vectors, float32 [n, d], and label sets, uint8 [n, L], into `folder`; return the bytes they take there."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    with atomic_path(folder / INDEX) as temporary:
        faiss.write_index(index, str(temporary))
    with atomic_path(folder / LABELS) as temporary, temporary.open("wb") as stream:
        np.save(stream, labels, allow_pickle=False)
    return sum((folder / name).stat().st_size for name in (INDEX, LABELS))


def open_datastore(folder: Path, dimension: int) -> tuple[Datastore, np.ndarray]:
    """Open what `save_datastore` wrote.

    Args:
        dimension: of the encoder that asks.

    Raises:
        InputError: it is not there or damaged, or its vectors have another dimension.
    """
    try:
        index = faiss.read_index(str(folder / INDEX))
        labels = np.load(folder / LABELS, allow_pickle=False)
    except (RuntimeError, OSError, ValueError) as error:
        raise InputError(
            f"datastore {folder} cannot be opened ({error}); delete it and run the same command again"
        ) from None
    if index.d != dimension or index.ntotal != len(labels):
        raise InputError(
            f"datastore {folder} has {index.ntotal} vectors of {index.d} dimensions and {len(labels)} label sets; "
            f"wanted {dimension} dimensions and as many label sets as vectors; make it again with this encoder"
        )
    return Datastore(index.reconstruct_n(0, index.ntotal)), labels
