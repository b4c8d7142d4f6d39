"""From similarities to decisions: thresholds set on the validation split; the exact ones are in `exact_thresholds`.

Every rule takes `scores`: float [documents, labels] (cosines in [-1, 1]; any finite scale works for all but
the grid) and `labels`: bool or uint8 of the same shape, and returns `thresholds`: float64 [labels], to be
applied as `scores >= thresholds`. A threshold between two scores lies midway; +inf predicts nothing, -inf
everything. Among thresholds of equal F1 the smallest is taken. A label without a validation positive gets the
one threshold, also in `joint`; without any positive at all, everything gets +inf.

Every rule raises `InputError`, naming the first row at fault, where a score is NaN or infinite.

Source: "One Size Does Not Fit All" (arXiv 2510.11160), but for the exact thresholds.
"""

import numpy as np

from pushpull.evaluation.dbc.exact import NAME, cuts_at, last_best, or_one_threshold, ranked_scores
from pushpull.evaluation.metrics import f1
from pushpull.evaluation.protocols import require_finite

GRID = np.arange(101) / 100


def fixed_normalised(scores: np.ndarray) -> np.ndarray:
    """Return, for all labels, the score that min-max normalisation over all validation scores maps to 0.5.

    If all scores are equal, the threshold is that score: every label is predicted.
    """
    require_finite(scores, NAME)
    low, high = float(scores.min()), float(scores.max())
    return np.full(scores.shape[1], low + 0.5 * (high - low))


def one_macro(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the one threshold for all labels with the best macro-F1; values nearer than 1e-12 count as equal.

    The threshold falls past one score after another, and each changes the F1 of its own label alone: macro-F1 at
    every cut is a running sum.
    """
    require_finite(scores, NAME)
    ranked, tp = ranked_scores(scores, labels)
    of_label = f1(tp, np.arange(1, len(scores) + 1) + tp[:, -1:])
    change = np.diff(of_label, axis=1, prepend=0).ravel()
    order = np.argsort(-ranked, axis=None)
    macro = (change[order].cumsum() / scores.shape[1]).round(12)
    ranked = ranked.ravel()[order][None]
    best = cuts_at(ranked, last_best(macro[None], ranked)) if labels.any() else np.array([np.inf])
    return np.repeat(best, scores.shape[1])


def per_label_grid(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each label's threshold from 0, 0.01, ..., 1 with the best F1 of the label.

    Scores below 0 are out of the grid's reach; a label whose positives all lie there has F1 0 everywhere
    and gets 0.
    """
    require_finite(scores, NAME)
    bins = len(GRID) + 1
    columns = scores.shape[1]
    # A score in bin b is predicted by the thresholds GRID[0] ... GRID[b - 1].
    cells = GRID.searchsorted(scores.astype(np.float64), side="right") * columns + np.arange(columns)
    decided = _counts_from_above(np.bincount(cells.ravel(), minlength=bins * columns), columns)
    tp = _counts_from_above(np.bincount(cells[labels.astype(bool)], minlength=bins * columns), columns)
    best = GRID[f1(tp, decided + np.count_nonzero(labels, axis=0)).argmax(axis=0)]
    return or_one_threshold(best, scores, labels)


def joint(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the thresholds, one per label, whose micro-F1 no other choice of thresholds exceeds.

    Micro-F1 is a ratio of sums over labels. Dinkelbach's iteration: at a guess a / b of the best ratio each label takes
    by itself the cut with the largest b * 2TP - a * decided; the ratio that comes of it is the next guess, and the best
    one when it does not grow. Whole numbers throughout, so nothing is rounded. A label may be worth no decision: +inf.
    Labels without a positive keep the one threshold, and their false positives count.

    Source: Dinkelbach, "On Nonlinear Fractional Programming" (Management Science, 1967).
    """
    require_finite(scores, NAME)
    tuned = labels.any(axis=0)
    thresholds = or_one_threshold(np.full(scores.shape[1], np.inf), scores, labels)
    if not tuned.any():
        return thresholds
    ranked, tp = ranked_scores(scores[:, tuned], labels[:, tuned])
    decided, rows = np.arange(1, len(scores) + 1), np.arange(len(tp))
    fixed = int(tp[:, -1].sum()) + np.count_nonzero(scores[:, ~tuned] >= thresholds[~tuned])
    numerator, denominator = 0, 1
    while True:
        gain = denominator * 2 * tp - numerator * decided
        best = last_best(gain, ranked)
        worth = gain[rows, best] >= 0
        total = 2 * int(tp[rows, best][worth].sum()), int(decided[best][worth].sum()) + fixed
        if total[0] * denominator <= numerator * total[1]:
            thresholds[tuned] = np.where(worth, cuts_at(ranked, best), np.inf)
            return thresholds
        numerator, denominator = total


def _counts_from_above(histogram: np.ndarray, columns: int) -> np.ndarray:
    """Return how many scores lie at or above each grid point [grid, labels], given counts per bin."""
    from_above = histogram.reshape(-1, columns)[::-1].cumsum(axis=0)[::-1]
    return from_above[1:]
