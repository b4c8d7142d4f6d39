"""Counts and scores of multi-label decisions.

Every function takes `truth` and `decisions`: bool or uint8 (0 or 1) arrays [documents, labels] of the same
shape, and raises `ValueError` if the shapes differ. Scores are fractions in [0, 1].
"""

import numpy as np


def counts(truth: np.ndarray, decisions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true positives, false positives and false negatives of each label, int64 [labels].

    Example:
        >>> tp, fp, fn = counts(np.array([[1, 0], [1, 1]]), np.array([[1, 1], [0, 1]]))
        >>> tp.tolist(), fp.tolist(), fn.tolist()
        ([1, 1], [0, 1], [1, 0])
    """
    truth, decisions = _same_shape(truth, decisions)
    tp = np.count_nonzero(truth & decisions, axis=0)
    return tp, np.count_nonzero(decisions, axis=0) - tp, np.count_nonzero(truth, axis=0) - tp


def f1_per_label(truth: np.ndarray, decisions: np.ndarray) -> np.ndarray:
    """Return 2TP / (2TP + FP + FN) of each label, float64 [labels]; 0 where the denominator is 0."""
    tp, fp, fn = counts(truth, decisions)
    return f1(tp, 2 * tp + fp + fn)


def micro_f1(truth: np.ndarray, decisions: np.ndarray) -> float:
    """Return F1 of the counts summed over all labels; 0 if nothing is true and nothing decided."""
    tp, fp, fn = (int(count.sum()) for count in counts(truth, decisions))
    return float(f1(np.array(tp), np.array(2 * tp + fp + fn)))


def macro_f1(truth: np.ndarray, decisions: np.ndarray) -> float:
    """Return the mean of F1 over all labels; a label with zero denominator counts 0 and stays in the mean."""
    return float(f1_per_label(truth, decisions).mean())


def hamming_loss(truth: np.ndarray, decisions: np.ndarray) -> float:
    """Return the share of (document, label) cells that are wrong."""
    truth, decisions = _same_shape(truth, decisions)
    return float(np.count_nonzero(truth != decisions) / truth.size)


def accuracy(truth: np.ndarray, decisions: np.ndarray) -> float:
    """Return the share of documents whose label set is right; with one label each, of right classes."""
    truth, decisions = _same_shape(truth, decisions)
    return float((truth == decisions).all(axis=1).mean())


def f1(tp: np.ndarray, decided_and_true: np.ndarray) -> np.ndarray:
    """Return 2TP / (decisions + truths) as float64, 0 where the denominator is 0.

    decisions + truths = 2TP + FP + FN. Equal ratios of integers give equal floats, so ties can be compared.
    """
    tp = np.asarray(tp, dtype=np.float64)
    return np.divide(2 * tp, decided_and_true, out=np.zeros_like(tp), where=decided_and_true > 0)


def _same_shape(truth: np.ndarray, decisions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if truth.shape != decisions.shape or truth.ndim != 2:
        raise ValueError(f"truth {truth.shape} and decisions {decisions.shape}: one [documents, labels] wanted")
    return truth.astype(bool, copy=False), decisions.astype(bool, copy=False)
