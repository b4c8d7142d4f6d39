"""How good a run's neighbours are, and what mixing them in does (kNN-MLTC, Table 6 and Figure 2)."""

from collections.abc import Iterator

import numpy as np

from pushpull.evaluation.knn import interpolate, neighbour_scores
from pushpull.evaluation.metrics import micro_f1
from pushpull.evaluation.protocols import SPLITS, half
from pushpull.evaluation.scoring import Evaluated, Nearest, model_scores
from pushpull.evaluation.summary import Row

NEIGHBOURS = (1, 2, 5, 10, 20, 40, 80)
PROPORTIONS = tuple(step / 10 for step in range(11))


def farthest(documents: int) -> int:
    """Return how many neighbours the curves need of a datastore of so many documents."""
    return max((k for k in NEIGHBOURS if k <= documents), default=0)


def retrieval_rows(
    run: Evaluated,
    nearest: Nearest,
    truth: dict[str, np.ndarray],
    model: str,
    k: int,
    temperature: float,
    proportion: float,
) -> Iterator[Row]:
    """Yield ("neighbours", split, metric, value) of a run.

    `micro_f1@k=n` mixes the vote of n neighbours with the model's scores (0: the model alone), as far as the datastore
    has so many; `micro_f1@proportion=p` that of `k` neighbours, p of it. The shares of labels that neighbours have in
    common with the document are those of `shared_labels`.

    Args:
        nearest: as from `scoring.nearest_neighbours`, at least `k` of each document.
        truth: {split: uint8 [documents, labels]}.
        model: protocol of the model's scores; k, temperature, proportion: settings of kNN.
    """
    labels = run.labels["train"]
    for split in SPLITS:
        distances, indices = nearest[split]
        base = model_scores(run, model, split)

        def votes(count: int, distances=distances, indices=indices) -> np.ndarray:
            return neighbour_scores(distances[:, :count], indices[:, :count], labels, temperature)

        def score(mixed: np.ndarray, split=split) -> float:
            return micro_f1(truth[split], half(mixed, run.task))

        yield "neighbours", split, "micro_f1@k=0", score(base)
        for count in (count for count in NEIGHBOURS if count <= indices.shape[1]):
            yield "neighbours", split, f"micro_f1@k={count}", score(interpolate(votes(count), base, proportion))
        usual = votes(k)
        for share in PROPORTIONS:
            yield "neighbours", split, f"micro_f1@proportion={share}", score(interpolate(usual, base, share))
        of_document, of_neighbour = shared_labels(indices[:, :k], labels, truth[split])
        yield "neighbours", split, "shared_label_proportion", of_document
        yield "neighbours", split, "shared_label_proportion_per_neighbour", of_neighbour


def shared_labels(indices: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the share of the neighbours' labels that the document has, too, as a mean over documents, read two ways.

    First: all labels of a document's neighbours together, shared / brought. Second: the mean of that ratio over the
    neighbours. The words of the paper allow both. Neighbours without any label bring none: 0 / 0 counts 0.

    Args:
        indices: int [documents, k], rows of `labels`.
        labels: uint8 [n, L] of the datastore; truth: uint8 [documents, L].
    """
    sizes = labels.sum(axis=1, dtype=np.float64)[indices]
    shared = np.stack([np.einsum("dl,dl->d", labels[rank], truth, dtype=np.float64) for rank in indices.T], axis=1)
    ratio = np.divide(shared, sizes, out=np.zeros_like(shared), where=sizes > 0)
    brought = sizes.sum(axis=1)
    together = np.divide(shared.sum(axis=1), brought, out=np.zeros_like(brought), where=brought > 0)
    return float(together.mean()), float(ratio.mean())
