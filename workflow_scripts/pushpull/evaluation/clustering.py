"""How well embeddings cluster by label set: silhouette and Davies-Bouldin by share of label sets kept.

Source: Audibert, Gauffre, Amini, "Exploring Contrastive Learning for Long-Tailed Multi-Label Text
Classification", Table 4 and Figure 2.
"""

import math
from typing import NamedTuple

import numpy as np

SHARES = tuple(percent / 100 for percent in range(10, 101, 10))
CHUNK = 256
# Up to so many documents all their products are kept (0.8 GB): a matrix times itself is half the work.
AT_ONCE = 10_000
# A squared distance below this part of the squared norms is rounding, not distance.
ROUNDING = 1e-12


class Clusters(NamedTuple):
    """Documents sorted by cluster, clusters by size."""

    rows: np.ndarray  # int64 [documents], row of each document before sorting
    sizes: np.ndarray  # int64 [clusters], descending


def label_set_clusters(labels: np.ndarray) -> Clusters:
    """Make every distinct label set a cluster, largest first; equal sizes in order of appearance.

    Documents without labels are a cluster too.

    Args:
        labels: bool or uint8 [documents, labels].
    """
    packed = np.packbits(labels.astype(bool), axis=1)
    _, first, cluster, sizes = np.unique(packed, axis=0, return_index=True, return_inverse=True, return_counts=True)
    by_rank = np.lexsort((first, -sizes))
    rank = np.empty_like(by_rank)
    rank[by_rank] = np.arange(len(by_rank))
    return Clusters(np.argsort(rank[cluster.ravel()], kind="stable"), sizes[by_rank])


def clustering_scores(
    embeddings: np.ndarray,
    labels: np.ndarray,
    shares: tuple[float, ...] = SHARES,
    seed: int = 0,
    sample: int = 10_000,
) -> list[dict[str, float]]:
    """Score the clusters "same exact label set" at several shares of the distinct label sets.

    First `sample` documents are drawn without replacement (all, if there are fewer) and put in row order;
    then the most frequent `share` of the distinct label sets (rounded up) is kept. Distances are Euclidean.
    They are computed once for all shares: with clusters in order of size, every share is a prefix.

    Args:
        embeddings: float [documents, d].
        labels: bool or uint8 [documents, labels].
        shares: each above 0 and at most 1.

    Returns:
        For each share {"share", "clusters", "documents", "silhouette", "davies_bouldin"}. Silhouette is in
        [-1, 1], higher is better; Davies-Bouldin is 0 or more, lower is better. Both are NaN for fewer than
        two clusters and where every document is a cluster of its own.
    """
    rows = np.arange(len(labels))
    if len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), sample, replace=False))
    clusters = label_set_clusters(labels[rows])
    x = embeddings[rows[clusters.rows]].astype(np.float64)
    x -= x.mean(axis=0)  # fewer cancellation errors in the expanded square
    kept = np.array([math.ceil(round(share * len(clusters.sizes), 9)) for share in shares])
    documents = clusters.sizes.cumsum()[kept - 1]
    silhouette = _silhouettes(x, clusters.sizes, kept)
    davies_bouldin = _davies_bouldin(x, clusters.sizes, kept)
    undefined = (kept < 2) | (kept == documents)
    silhouette[undefined] = davies_bouldin[undefined] = np.nan
    return [
        {
            "share": share,
            "clusters": int(kept[i]),
            "documents": int(documents[i]),
            "silhouette": float(silhouette[i]),
            "davies_bouldin": float(davies_bouldin[i]),
        }
        for i, share in enumerate(shares)
    ]


def _silhouettes(x: np.ndarray, sizes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the silhouette of the first c clusters for each c in `kept`, float64.

    A document scores (b - a) / max(a, b): a is its mean distance to the others of its cluster, b the
    smallest mean distance to another cluster. Alone in its cluster it scores 0.
    """
    ends = sizes.cumsum()
    own = np.repeat(np.arange(len(sizes)), sizes)
    totals = np.zeros(len(kept))
    norms, all_products = _norms(x), x @ x.T if len(x) <= AT_ONCE else None
    for begin in range(0, len(x), CHUNK):
        chunk = np.arange(begin, min(begin + CHUNK, len(x)))
        local, cluster = np.arange(len(chunk)), own[chunk]
        products = x[chunk] @ x.T if all_products is None else all_products[begin : begin + CHUNK]
        distances = _from_products(products, norms[chunk], norms)
        distances[local, chunk] = 0
        means = np.add.reduceat(distances, ends - sizes, axis=1)
        inner = means[local, cluster] / np.maximum(sizes[cluster] - 1, 1)
        means /= sizes
        means[local, cluster] = np.inf
        nearest = np.minimum.accumulate(means, axis=1)[:, kept - 1]
        outer = np.where(np.isinf(nearest), 0, nearest)
        larger = np.maximum(inner[:, None], outer)
        score = np.divide(outer - inner[:, None], larger, out=np.zeros_like(outer), where=larger > 0)
        score[(sizes[cluster] == 1)[:, None] | (cluster[:, None] >= kept)] = 0
        totals += score.sum(axis=0)
    return totals / ends[kept - 1]


def _davies_bouldin(x: np.ndarray, sizes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the Davies-Bouldin index of the first c clusters for each c in `kept`, float64.

    Pairs of clusters with the same centroid are left out, as scikit-learn does; NaN if there are no others.
    """
    starts = sizes.cumsum() - sizes
    centroids = np.add.reduceat(x, starts, axis=0) / sizes[:, None]
    offsets = np.repeat(centroids, sizes, axis=0)
    offsets -= x  # in place: of 200,000 documents each copy takes 1.2 GB
    to_centroid = np.sqrt(np.einsum("nd,nd->n", offsets, offsets))
    spread = np.add.reduceat(to_centroid, starts) / sizes
    totals, apart = np.zeros(len(kept)), np.zeros(len(kept), dtype=bool)
    for begin in range(0, len(sizes), CHUNK):
        chunk = np.arange(begin, min(begin + CHUNK, len(sizes)))
        distances = _distances(centroids[chunk], centroids)
        distances[np.arange(len(chunk)), chunk] = 0
        ratio = np.divide(spread[chunk, None] + spread, distances, out=np.full_like(distances, -1), where=distances > 0)
        worst = np.maximum.accumulate(ratio, axis=1)[:, kept - 1]
        worst[chunk[:, None] >= kept] = -1
        apart |= (worst >= 0).any(axis=0)
        totals += np.maximum(worst, 0).sum(axis=0)
    return np.where(apart, totals / kept, np.nan)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Euclidean distances float64 [len(a), len(b)]; exactly 0 where they are no more than rounding."""
    return _from_products(a @ b.T, _norms(a), _norms(b))


def _from_products(products: np.ndarray, norms_a: np.ndarray, norms_b: np.ndarray) -> np.ndarray:
    """Return `_distances` of vectors with these products [n, m] and squared norms [n] and [m], in place."""
    norms = norms_a[:, None] + norms_b
    products *= -2
    products += norms
    norms *= ROUNDING
    products[products < norms] = 0
    return np.sqrt(products, out=products)


def _norms(x: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", x, x)
