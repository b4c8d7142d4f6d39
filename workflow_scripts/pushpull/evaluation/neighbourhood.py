"""One test document among its nearest training documents, in the plane (kNN-MLTC, Figure 3)."""

from collections.abc import Iterator

import numpy as np

from pushpull.evaluation.knn import Datastore

NEIGHBOURS = 80
PERPLEXITY = 15
LABELS = 3


def pick_document(truth: np.ndarray) -> int:
    """Return the row of the first document with at least three labels; where there is none, with the most labels.

    Args:
        truth: uint8 [documents, L], in the order of the split.

    Example:
        >>> pick_document(np.array([[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]))
        1
    """
    sizes = truth.sum(axis=1)
    return int(np.argmax(sizes >= min(LABELS, sizes.max())))


def neighbourhood(
    train: np.ndarray, labels: np.ndarray, query: np.ndarray, query_labels: np.ndarray
) -> Iterator[tuple[int, float, float, int, int]]:
    """Yield (rank, x, y, shared, labels) of a document, rank 0, and its 80 nearest training documents (or all).

    Positions are t-SNE's of these vectors alone, started from their principal components, so that they are the same
    every time. `shared` counts labels in common with the document, `labels` those of the one at the position.

    Args:
        train: float32 [n, d], n above 2; labels: uint8 [n, L].
        query: float32 [d]; query_labels: uint8 [L].
    """
    # Only this figure needs scikit-learn, which is slow to import.
    from sklearn.manifold import TSNE

    _, nearest = Datastore(train).nearest(query[None], min(NEIGHBOURS, len(train)))
    points = np.concatenate([query[None], train[nearest[0]]])
    sets = np.concatenate([query_labels[None], labels[nearest[0]]])
    tsne = TSNE(perplexity=min(PERPLEXITY, (len(points) - 1) / 3), init="pca", random_state=0)
    places = tsne.fit_transform(points)
    for rank, ((x, y), members) in enumerate(zip(places, sets, strict=True)):
        yield rank, float(x), float(y), int((members & query_labels).sum()), int(members.sum())
