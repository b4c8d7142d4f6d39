"""The files that evaluation steps hand to each other: embeddings in, scores and decisions out."""

from pathlib import Path

import numpy as np

from pushpull.errors import InputError
from pushpull.files import atomic_path

SPLITS = ("validation", "test")
CHUNK = 65536


def load_embeddings(path: str | Path, documents: int | None = None) -> np.ndarray:
    """Return the embeddings in a .npy file, float32 [documents, d], mapped from disk.

    Raises `InputError` if the file is damaged, or they are not two-dimensional, not finite, or not `documents` many.
    """
    embeddings = read_array(path, mmap_mode="r")
    if embeddings.ndim != 2 or documents not in (None, len(embeddings)):
        wanted = "any number" if documents is None else documents
        raise InputError(
            f"{path}: shape {embeddings.shape}, wanted [{wanted} of rows, dimensions]; "
            "delete the file and run again to embed the dataset as it is now"
        )
    require_finite(embeddings, str(path))
    return embeddings


def read_array(path: str | Path, mmap_mode: str | None = None) -> np.ndarray:
    """Return the array in a .npy file, in memory or mapped from disk; `InputError` if the file is damaged."""
    try:
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the same command again") from None


def require_finite(vectors: np.ndarray, name: str) -> None:
    """Raise `InputError`, naming the first row at fault, unless all of `vectors` [n, d] is finite."""
    for begin in range(0, len(vectors), CHUNK):
        finite = np.isfinite(vectors[begin : begin + CHUNK]).all(axis=1)
        if not finite.all():
            row = begin + int(np.argmin(finite))
            raise InputError(
                f"{name}: row {row} (from 0) holds NaN or infinity; allowed: finite numbers. "
                "Training has diverged: lower the learning rate or train in float32"
            )


def half(scores: np.ndarray, task: str) -> np.ndarray:
    """Return the decisions of the rule `half`, bool [documents, labels].

    Task "multi": every label scored 0.5 or more. Task "single": the label scored highest, the first among
    equals.
    """
    return scores >= 0.5 if task == "multi" else one_best(scores)


def one_best(scores: np.ndarray) -> np.ndarray:
    """Return bool [documents, labels], true for each document's highest score, the first among equals."""
    return np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]


def write_scores(
    folder: str | Path,
    validation: np.ndarray,
    test: np.ndarray,
    decisions: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    """Write validation.npy, test.npy (float32 scores in [0, 1]) and decisions.npz into `folder`."""
    folder = Path(folder)
    for split, scores in zip(SPLITS, (validation, test), strict=True):
        with atomic_path(folder / f"{split}.npy") as temporary, temporary.open("wb") as stream:
            np.save(stream, scores.astype(np.float32, copy=False), allow_pickle=False)
    write_decisions(folder, decisions)


def write_decisions(folder: str | Path, decisions: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Write decisions.npz into `folder`.

    Args:
        decisions: {rule: (validation, test)}, bool [documents, labels]; stored under "{split}/{rule}".
    """
    arrays = {
        f"{split}/{rule}": decided.astype(bool, copy=False)
        for rule, both in decisions.items()
        for split, decided in zip(SPLITS, both, strict=True)
    }
    with atomic_path(Path(folder) / "decisions.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def read_decisions(folder: str | Path) -> dict[str, dict[str, np.ndarray]]:
    """Return {rule: {split: bool [documents, labels]}} from the decisions.npz in `folder`."""
    decisions: dict[str, dict[str, np.ndarray]] = {}
    with np.load(Path(folder) / "decisions.npz", allow_pickle=False) as arrays:
        for key in arrays:
            split, rule = key.split("/", 1)
            decisions.setdefault(rule, {})[split] = arrays[key]
    return decisions
