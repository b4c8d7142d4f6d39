"""Thresholds per label that trust few validation documents less: means over folds, and shrinkage.

Scores, labels, thresholds and errors are as in `thresholds`. An exact threshold of -inf ("predict everything") has no
mean with others: the label's lowest validation score stands for it, which decides the same on validation.
"""

import numpy as np

from pushpull.evaluation.dbc.exact import NAME, exact_per_label, one_threshold, or_one_threshold
from pushpull.evaluation.protocols import require_finite

FOLDS, SEED = 5, 0
PRIOR_POSITIVES = 10


def folds(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's mean of five exact thresholds, each tuned without one of five random folds.

    A part without a positive of the label has no say on it, and of fewer than five documents some folds are empty. Fan
    and Lin, "A Study on Threshold Selection for Multi-label Classification" (2007), tune on each fold alone; that
    leaves the rare labels of a small validation split one positive or none.
    """
    require_finite(scores, NAME)
    fold = np.random.default_rng(SEED).permutation(len(scores)) % FOLDS
    parts = [np.flatnonzero(fold != left_out) for left_out in range(FOLDS)]
    parts = [part for part in parts if len(part)]
    tuned = np.stack([labels[part].any(axis=0) for part in parts])
    cuts = np.stack([_finite(exact_per_label(scores[part], labels[part]), scores) for part in parts])
    mean = np.where(tuned, cuts, 0).sum(axis=0) / np.maximum(tuned.sum(axis=0), 1)
    return or_one_threshold(mean, scores, labels)


def shrunk(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (n * exact + m * one) / (n + m) of each label with n validation positives, m = 10.

    With ten positives a label's threshold lies midway between its own and the one threshold.
    """
    positives = np.count_nonzero(labels, axis=0)
    one = one_threshold(scores, labels)
    if not positives.any():
        return one
    exact, one = (_finite(thresholds, scores) for thresholds in (exact_per_label(scores, labels), one))
    mean = (positives * exact + PRIOR_POSITIVES * one) / (positives + PRIOR_POSITIVES)
    return or_one_threshold(mean, scores, labels)


def _finite(thresholds: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return np.where(np.isneginf(thresholds), scores.min(axis=0), thresholds)
