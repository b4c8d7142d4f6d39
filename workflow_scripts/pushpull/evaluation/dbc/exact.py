"""The thresholds with the best F1 of all that are possible, by one sort.

Scores, labels and thresholds are as in `thresholds`. A threshold between two scores lies midway; +inf predicts nothing,
-inf everything. Among thresholds of equal F1 the smallest is taken.
"""

import numpy as np

from pushpull.evaluation.metrics import f1
from pushpull.evaluation.protocols import require_finite

NAME = "validation scores"  # in messages


def one_threshold(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the one threshold for all labels with the best micro-F1."""
    require_finite(scores, NAME)
    best = _best_cuts(scores.reshape(-1, 1), labels.reshape(-1, 1))
    return np.repeat(best, scores.shape[1])


def exact_per_label(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's threshold with the best F1 of the label over all possible thresholds."""
    require_finite(scores, NAME)
    return or_one_threshold(_best_cuts(scores, labels), scores, labels)


def or_one_threshold(thresholds: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return `thresholds` with the one threshold in place of those of labels without a positive."""
    tuned = labels.any(axis=0)
    return thresholds if tuned.all() else np.where(tuned, thresholds, one_threshold(scores, labels))


def ranked_scores(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each label's scores from high to low, float64 [labels, n], and positives among them so far, int64.

    Position r stands for "predict the r + 1 highest", which is possible only where the next score is lower.
    """
    columns = np.ascontiguousarray(scores.T)
    order = np.argsort(-columns, axis=1)
    ranked = np.take_along_axis(columns, order, 1).astype(np.float64)
    return ranked, np.take_along_axis(labels.T.astype(bool), order, 1).cumsum(axis=1)


def last_best(values: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """Return the last possible position of each row's largest value, which is its smallest threshold; [labels]."""
    values = values.copy()
    values[:, :-1][ranked[:, :-1] == ranked[:, 1:]] = values.min() - 1
    return values.shape[1] - 1 - values[:, ::-1].argmax(axis=1)


def cuts_at(ranked: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the threshold midway between the score at each row's position and the next; -inf after the last."""
    rows, last = np.arange(len(ranked)), ranked.shape[1] - 1
    high = ranked[rows, positions]
    low = np.where(positions < last, ranked[rows, np.minimum(positions + 1, last)], -np.inf)
    midway = high / 2 + low / 2
    # Two neighbouring floats have none between them: then cut on the upper one, which `>=` includes.
    return np.where((midway > low) | np.isneginf(low), midway, high)


def _best_cuts(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cut of each column with its best F1, by one sort per column; +inf without positives."""
    ranked, tp = ranked_scores(scores, labels)
    f1_of_cut = f1(tp, np.arange(1, len(scores) + 1) + tp[:, -1:])
    return np.where(tp[:, -1] > 0, cuts_at(ranked, last_best(f1_of_cut, ranked)), np.inf)
