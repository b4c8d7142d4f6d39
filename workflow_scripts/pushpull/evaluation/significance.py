"""How far a score could have moved by chance: bootstrap over documents, Student's t over seeds."""

from collections.abc import Iterator

import numpy as np

from pushpull.evaluation.metrics import f1, macro_f1, micro_f1

CHUNK = 4096
METRICS = {"micro_f1": micro_f1, "macro_f1": macro_f1}


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
