"""From similarities to decisions: thresholds set on the validation split.

Every rule takes `scores`: float [documents, labels] (cosines in [-1, 1]; any finite scale works for all but
the grid) and `labels`: bool or uint8 of the same shape, and returns `thresholds`: float64 [labels], to be
applied as `scores >= thresholds`. A threshold between two scores lies midway; +inf predicts nothing, -inf
everything. Among thresholds of equal F1 the smallest is taken. Without a validation positive no F1 can be
tuned: such a label gets the one threshold; without any positive at all, everything gets +inf.

Source: "One Size Does Not Fit All" (arXiv 2510.11160), but for the exact thresholds.
"""

import numpy as np

from pushpull.evaluation.metrics import f1

GRID = np.arange(101) / 100


def fixed_normalised(scores: np.ndarray) -> np.ndarray:
    """Return, for all labels, the score that min-max normalisation over all validation scores maps to 0.5.

    If all scores are equal, the threshold is that score: every label is predicted.
    """
    low, high = float(scores.min()), float(scores.max())
    return np.full(scores.shape[1], low + 0.5 * (high - low))


def one_threshold(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the one threshold for all labels with the best micro-F1."""
    best = _best_cuts(scores.reshape(-1, 1), labels.reshape(-1, 1))
    return np.repeat(best, scores.shape[1])


def per_label_grid(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's threshold from 0, 0.01, ..., 1 with the best F1 of the label.

    Scores below 0 are out of the grid's reach; a label whose positives all lie there has F1 0 everywhere
    and gets 0.
    """
    bins = len(GRID) + 1
    columns = scores.shape[1]
    # A score in bin b is predicted by the thresholds GRID[0] ... GRID[b - 1].
    cells = GRID.searchsorted(scores.astype(np.float64), side="right") * columns + np.arange(columns)
    decided = _counts_from_above(np.bincount(cells.ravel(), minlength=bins * columns), columns)
    tp = _counts_from_above(np.bincount(cells[labels.astype(bool)], minlength=bins * columns), columns)
    positives = np.count_nonzero(labels, axis=0)
    best = GRID[f1(tp, decided + positives).argmax(axis=0)]
    return np.where(positives > 0, best, one_threshold(scores, labels))


def exact_per_label(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's threshold with the best F1 of the label over all possible thresholds."""
    return np.where(np.count_nonzero(labels, axis=0) > 0, _best_cuts(scores, labels), one_threshold(scores, labels))


def _counts_from_above(histogram: np.ndarray, columns: int) -> np.ndarray:
    """Return how many scores lie at or above each grid point [grid, labels], given counts per bin."""
    from_above = histogram.reshape(-1, columns)[::-1].cumsum(axis=0)[::-1]
    return from_above[1:]


def _best_cuts(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cut of each column with its best F1, by one sort per column; +inf without positives.

    Row r of the sorted column stands for "predict the r + 1 highest", which is possible only where the next
    score is lower. The last such row of the best F1 is the smallest threshold.
    """
    order = np.argsort(-scores, axis=0, kind="stable")
    ranked = np.take_along_axis(scores, order, 0).astype(np.float64)
    tp = np.take_along_axis(labels.astype(bool), order, 0).cumsum(axis=0)
    decided = np.arange(1, len(scores) + 1)[:, None]
    f1_of_cut = f1(tp, decided + tp[-1])
    f1_of_cut[:-1][ranked[:-1] == ranked[1:]] = -1
    best = len(scores) - 1 - f1_of_cut[::-1].argmax(axis=0)
    columns = np.arange(scores.shape[1])
    high = ranked[best, columns]
    low = np.vstack([ranked, np.full(scores.shape[1], -np.inf)])[best + 1, columns]
    midway = high / 2 + low / 2
    # Two neighbouring floats have none between them: then cut on the upper one, which `>=` includes.
    cuts = np.where((midway > low) | np.isneginf(low), midway, high)
    return np.where(tp[-1] > 0, cuts, np.inf)
