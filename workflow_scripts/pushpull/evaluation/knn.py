"""Nearest neighbours of the training documents, and their vote mixed with a model's probabilities.

Source: Su, Wang, Dai, "Contrastive Learning-Enhanced Nearest Neighbor Mechanism for Multi-Label Text
Classification" (ACL 2022).
"""

from collections.abc import Callable

import faiss
import numpy as np

from pushpull.errors import InputError
from pushpull.evaluation.protocols import require_finite

QUERIES = 16_384  # searched at a time
EXACT = 16  # queries at a time whose candidates are gathered: they and their differences fit into a core's cache
BLOCK = 8192  # rows of the datastore at a time in a full search
SQUARES = 1 << 24  # squared distances kept at a time in a full search
SPARE = 8  # candidates beyond k: near-ties at rank k are settled by their exact distances
# Bound on faiss's float32 error in a squared distance, relative to the squared norms.
TOLERANCE = 1e-5
ROUNDING = 1e-12  # the same of a float64 product


class Datastore:
    """Training documents ready to be searched: their vectors, and these centred (on the GPU if faiss has one).

    Args:
        vectors: float32 [n, d], finite.

    Raises:
        InputError: a vector that is not finite.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        require_finite(vectors, "kNN training embeddings")
        self.vectors = vectors
        # Distances do not change under translation; small norms keep faiss's expanded square accurate.
        self.centre = np.mean(vectors, axis=0, dtype=np.float64).astype(np.float32)
        centred = vectors - self.centre
        self.largest = float(np.einsum("nd,nd->n", centred, centred).max(initial=0))
        self.search = _search(centred)

    def nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return distances and row indices as `neighbours` does."""
        documents, dimension = self.vectors.shape
        if not 1 <= k <= documents:
            raise InputError(f"kNN: k = {k}, allowed: 1 to {documents} (training documents); set a smaller k")
        if queries.shape[1] != dimension:
            raise InputError(
                f"kNN: training embeddings have {dimension} dimensions, queries {queries.shape[1]}; "
                "embed both with the same encoder"
            )
        require_finite(queries, "kNN queries")
        distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), dtype=np.int64)
        for begin in range(0, len(queries), QUERIES):
            part = slice(begin, begin + QUERIES)
            distances[part], indices[part] = self._nearest(queries[part], k)
        return distances, indices

    def _nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        shifted = queries - self.centre
        proposed, candidates = self.search(shifted, min(k + SPARE, len(self.vectors)))
        found, order = _exact(self.vectors, queries, candidates[:, :k])
        if k < len(self.vectors):
            error = TOLERANCE * (np.einsum("md,md->m", shifted, shifted) + self.largest)
            unsure = np.flatnonzero(found[:, -1] ** 2 >= proposed[:, k] - error)
            if len(unsure):
                beyond = proposed[unsure, -1] - error[unsure]
                found[unsure], order[unsure] = self._settled(queries[unsure], k, candidates[unsure], beyond)
        return found, order

    def _settled(
        self, queries: np.ndarray, k: int, candidates: np.ndarray, beyond: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the k nearest candidates, or rows where others may be as near: squared distances `beyond` or more."""
        found, order = (part[:, :k] for part in _exact(self.vectors, queries, candidates))
        if candidates.shape[1] < len(self.vectors):
            unsure = np.flatnonzero(found[:, -1] ** 2 >= beyond)
            if len(unsure):
                found[unsure], order[unsure] = _full_search(self.vectors, queries[unsure], k, self.centre)
        return found, order


def neighbours(datastore: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of `datastore` to each query, nearest first, equal distances by index.

    Faiss proposes candidates in float32; their distances are computed again in float64. Where the
    candidates cannot be shown to hold all rows as near as the k-th (many copies of one document), the whole
    datastore is searched.

    Args:
        datastore: float32 [n, d].
        queries: float32 [m, d].
        k: number of neighbours, 1 to n.

    Returns:
        Euclidean distances (not squared), float64 [m, k], and row indices, int64 [m, k].

    Raises:
        InputError: k outside 1..n, dimensions that differ, or a vector that is not finite.
    """
    return Datastore(datastore).nearest(queries, k)


def neighbour_scores(distances: np.ndarray, indices: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """Return the vote of the neighbours, each weighing softmax(-distance / temperature).

    Args:
        distances, indices: float and int [m, k], from `neighbours`.
        labels: bool or uint8 [n, labels] of the datastore.
        temperature: above 0; small values trust the nearest alone, large ones give the plain mean.

    Returns:
        float32 [m, labels] in [0, 1].
    """
    if not temperature > 0:
        raise InputError(f"kNN: temperature = {temperature}, allowed: any number above 0")
    weights = np.exp((distances.min(axis=1, keepdims=True) - distances) / temperature)
    weights /= weights.sum(axis=1, keepdims=True)
    scores = np.zeros((len(distances), labels.shape[1]), dtype=np.float32)
    for rank in range(indices.shape[1]):
        scores += weights[:, rank, None].astype(np.float32) * labels[indices[:, rank]]
    return np.minimum(scores, 1, out=scores)


def interpolate(neighbour: np.ndarray, model: np.ndarray, proportion: float) -> np.ndarray:
    """Return proportion x neighbour + (1 - proportion) x model: float32 [m, labels] in [0, 1].

    Raises `InputError` if `proportion` is outside [0, 1] or the shapes differ.
    """
    if not 0 <= proportion <= 1:
        raise InputError(f"kNN: proportion = {proportion}, allowed: 0 (model only) to 1 (neighbours only)")
    if neighbour.shape != model.shape:
        raise InputError(
            f"kNN: neighbours score {neighbour.shape}, the model {model.shape} [documents, labels]; "
            "make the model's scores again from the same dataset"
        )
    return (proportion * neighbour + (1 - proportion) * model).astype(np.float32)


def _search(vectors: np.ndarray) -> Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]:
    """Return (queries, k) -> squared distances float32 [m, k], ascending, and indices."""
    if faiss.get_num_gpus() > 0:
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, faiss.IndexFlatL2(vectors.shape[1]))
        index.add(vectors)
        return index.search
    # In place: an index would be one more copy.
    return lambda queries, k: faiss.knn(queries, vectors, k)


def _exact(datastore: np.ndarray, queries: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 distances to the candidates [m, c] and their indices, by distance, then index."""
    distances = np.empty(candidates.shape)
    for begin in range(0, len(queries), EXACT):
        part = slice(begin, begin + EXACT)
        difference = datastore[candidates[part]].astype(np.float64)
        difference -= queries[part, None]
        distances[part] = np.sqrt(np.einsum("mcd,mcd->mc", difference, difference))
    order = np.lexsort((candidates, distances))
    return np.take_along_axis(distances, order, 1), np.take_along_axis(candidates, order, 1)


def _full_search(
    datastore: np.ndarray, queries: np.ndarray, k: int, centre: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest by float64 distances to every row, by distance, then index.

    Products of centred vectors say which rows may be among them: a collapsed encoder sends most queries here, and a
    product is a tenth of the work of differences.
    """
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), dtype=np.int64)
    for begin in range(0, len(queries), max(1, SQUARES // len(datastore))):
        part = queries[begin : begin + max(1, SQUARES // len(datastore))]
        squared, error = _squared_distances(datastore, part, centre)
        cut = np.partition(squared, k - 1, axis=1)[:, k - 1] + 2 * error
        for row, (found, limit) in enumerate(zip(squared, cut, strict=True)):
            near = np.flatnonzero(found <= limit)
            pieces = np.split(near, range(BLOCK, len(near), BLOCK))
            exact = [_exact(datastore, part[row : row + 1], piece[None]) for piece in pieces]
            found, near = (np.concatenate([pair[i][0] for pair in exact]) for i in (0, 1))
            order = np.lexsort((near, found))[:k]
            distances[begin + row], indices[begin + row] = found[order], near[order]
    return distances, indices


def _squared_distances(datastore: np.ndarray, queries: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return squared distances float64 [m, n] by expanding the square, and the error of a query's at most [m]."""
    shifted, largest = queries.astype(np.float64) - centre, 0.0
    own = np.einsum("md,md->m", shifted, shifted)
    squared = np.empty((len(queries), len(datastore)))
    for begin in range(0, len(datastore), BLOCK):
        block = datastore[begin : begin + BLOCK].astype(np.float64) - centre
        norms = np.einsum("nd,nd->n", block, block)
        largest = max(largest, norms.max())
        squared[:, begin : begin + BLOCK] = norms + own[:, None] - 2 * shifted @ block.T
    return squared, ROUNDING * (own + largest)
