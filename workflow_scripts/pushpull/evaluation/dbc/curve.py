"""How many validation documents thresholds need, and where they lie: rows of distance-based classification."""

from collections.abc import Iterator

import numpy as np

from pushpull.evaluation.dbc.cosines import cosines
from pushpull.evaluation.dbc.decide import LEARNED, decide_by, read_thresholds
from pushpull.evaluation.metrics import macro_f1
from pushpull.evaluation.scoring import Evaluated, label_vectors
from pushpull.evaluation.summary import Row

SIZES = (25, 50, 100, 200)
RULES = ("one", "per_label", "exact", "folds", "shrunk")
DRAWS = 5


def threshold_rows(run: Evaluated) -> Iterator[Row]:
    """Yield ("dbc_one", "validation", "threshold", value) and ("dbc_exact", "validation", "threshold@{label}", value).

    A label without validation positives, which learns none, and an infinite threshold have no row, and a run of a
    single-label task has none at all.
    """
    cuts = read_thresholds(run.folder / "dbc", run.names)
    if not cuts:
        return
    learned = zip(run.names, cuts["exact"].tolist(), run.labels["validation"].any(axis=0), strict=True)
    exact = {f"threshold@{name}": value for name, value, positives in learned if positives}
    for rule, values in (("one", {"threshold": float(cuts["one"][0])}), ("exact", exact)):
        for metric, value in values.items():
            if np.isfinite(value):
                yield f"dbc_{rule}", "validation", metric, value


def curve_rows(run: Evaluated, truth: np.ndarray) -> Iterator[Row]:
    """Yield ("dbc_{rule}", "test", "macro_f1@{n}", value): thresholds of n random validation documents, and of all.

    A value is the mean over five draws, the same for every run and rule; the draws of a larger n hold those of a
    smaller one. There is no row for more documents than the split has, and none for a single-label task.

    Args:
        truth: uint8 [documents, labels] of the test split.
    """
    cuts = read_thresholds(run.folder / "dbc", run.names)
    if not cuts:
        return
    vectors, labels = label_vectors(run), run.labels["validation"]
    validation, test = (cosines(run.embeddings[split], vectors) for split in ("validation", "test"))
    draws = [np.random.default_rng(draw).permutation(len(labels)) for draw in range(DRAWS)]
    for rule in RULES:
        for size in (size for size in SIZES if size <= len(labels)):
            drawn = (LEARNED[rule](validation[rows[:size]], labels[rows[:size]]) for rows in draws)
            scores = [macro_f1(truth, decide_by(rule, found, test)) for found in drawn]
            yield f"dbc_{rule}", "test", f"macro_f1@{size}", float(np.mean(scores))
        yield f"dbc_{rule}", "test", "macro_f1@all", macro_f1(truth, decide_by(rule, cuts[rule], test))
