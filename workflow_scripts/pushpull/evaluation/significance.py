"""How far a score could have moved by chance: bootstrap over documents, Student's t over seeds."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pushpull.evaluation.metrics import f1, macro_f1, micro_f1

CHUNK = 4096
METRICS = {"micro_f1": micro_f1, "macro_f1": macro_f1}


class Change(NamedTuple):
    """Mean difference over pairs of runs, its 95 % interval, and a two-sided bootstrap p."""

    difference: float
    low: float
    high: float
    p: float


def resampled_f1(
    truth: np.ndarray, decisions: np.ndarray, resamples: int = 1000, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return micro-F1 and macro-F1 of bootstrap resamples of the documents.

    The resamples depend on the number of documents and on `seed` only, so two systems with the same seed
    are compared on the same resamples. One product, resample weights [resamples, documents] with the
    documents' counts, gives all sums; it runs over chunks of documents, so memory does not grow with them.

    Args:
        truth, decisions: bool or uint8 [documents, labels], at least one document.

    Returns:
        {"micro_f1": float64 [resamples], "macro_f1": float64 [resamples]}.
    """
    documents, labels = truth.shape
    sums = np.zeros((resamples, 2 * labels))
    for rows, weights in _resample_weights(documents, resamples, seed):
        true, decided = truth[rows].astype(bool), decisions[rows].astype(bool)
        tp = true & decided
        per_document = np.concatenate([tp, true.astype(np.uint8) + decided], axis=1, dtype=np.float32)
        # Whole numbers far below 2^24 within a chunk: float32 is exact here.
        sums += weights @ per_document
    tp, denominator = sums[:, :labels], sums[:, labels:]
    return {"micro_f1": f1(tp.sum(1), denominator.sum(1)), "macro_f1": f1(tp, denominator).mean(1)}


def bootstrap_interval(
    truth: np.ndarray, decisions: np.ndarray, metric: str, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of "micro_f1" or "macro_f1" over resampled documents.

    Example:
        >>> truth = np.eye(3, dtype=bool)
        >>> bootstrap_interval(truth, truth, "micro_f1")
        (1.0, 1.0)
    """
    return percentile_interval(resampled_f1(truth, decisions, resamples, seed)[metric])


def paired_difference(
    truth: np.ndarray,
    decisions_a: np.ndarray,
    decisions_b: np.ndarray,
    metric: str,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return metric(a) - metric(b) and its 95 % interval, both systems judged on the same resamples."""
    difference = METRICS[metric](truth, decisions_a) - METRICS[metric](truth, decisions_b)
    a, b = (resampled_f1(truth, given, resamples, seed)[metric] for given in (decisions_a, decisions_b))
    return difference, *percentile_interval(a - b)


def paired_change(differences: np.ndarray, resampled: np.ndarray, seed: int = 0) -> Change:
    """Compare two systems of several runs each, over resampled documents and, with them, resampled seeds.

    In every resample the pairs of runs are drawn with replacement, too, and the mean of their differences is taken.
    p is twice the share of resamples on the other side of 0, or at 0, with the observed one counted in (Davison and
    Hinkley, 1997, chapter 4): at least 2 / (resamples + 1), and 1 for equal systems. Few pairs make the interval too
    narrow: the mean of k resampled values spreads by sqrt((k - 1) / k) of its due, that of one pair not at all.

    Args:
        differences: one system's score minus the other's in each pair of runs, float [pairs].
        resampled: the same on resampled documents, float [pairs, resamples]; column r is one resample of the documents
            for all runs, as from `resampled_f1` with one seed.

    Example:
        >>> paired_change(np.zeros(2), np.zeros((2, 9)))
        Change(difference=0.0, low=0.0, high=0.0, p=1.0)
    """
    pairs, resamples = resampled.shape
    # Another stream than the documents' weights, which start from `seed`.
    drawn = np.random.default_rng([seed, 1]).multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)
    means = np.einsum("rp,pr->r", drawn, resampled) / pairs
    other_side = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    p = min(1.0, 2 * (other_side + 1) / (resamples + 1))
    return Change(float(np.mean(differences)), *percentile_interval(means), p)


def percentile_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % quantiles of `values` [resamples]."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def student_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean of `values` (one per seed) by Student's t; NaN for one value."""
    values = np.asarray(values, dtype=np.float64)
    if values.size < 2:
        return float("nan"), float("nan")
    from scipy.stats import t

    half = t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return float(values.mean() - half), float(values.mean() + half)


def _resample_weights(documents: int, resamples: int, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield, chunk by chunk, how often each document is drawn: float32 [resamples, chunk].

    Draws with replacement are first shared out among the chunks, then inside each: the same law as drawing
    from all.
    """
    generator = np.random.default_rng(seed)
    starts = np.arange(0, documents, CHUNK)
    sizes = np.minimum(CHUNK, documents - starts)
    draws = generator.multinomial(documents, sizes / documents, size=resamples)
    for start, size, drawn in zip(starts, sizes, draws.T, strict=True):
        cells = np.repeat(np.arange(resamples) * size, drawn)
        cells += generator.integers(size, size=cells.size)
        weights = np.bincount(cells, minlength=resamples * size).astype(np.float32)
        yield slice(start, start + size), weights.reshape(resamples, size)
