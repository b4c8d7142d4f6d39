"""Distance-based classification: a document has the labels whose texts are near enough to its own.

Source: Van Nooten and Kosar, "Push and Pull" (LREC 2026).
"""

import csv
from pathlib import Path

import numpy as np

from pushpull.errors import InputError
from pushpull.evaluation.dbc import estimates as threshold_estimates
from pushpull.evaluation.dbc import exact as exact_thresholds
from pushpull.evaluation.dbc import thresholds
from pushpull.evaluation.protocols import one_best, require_finite
from pushpull.files import atomic_path

LEARNED = {
    "one": exact_thresholds.one_threshold,
    "one_macro": thresholds.one_macro,
    "per_label": thresholds.per_label_grid,
    "exact": exact_thresholds.exact_per_label,
    "joint": thresholds.joint,
    "folds": threshold_estimates.folds,
    "shrunk": threshold_estimates.shrunk,
    "exact_top1": exact_thresholds.exact_per_label,
}
"""{rule: (scores, labels) -> thresholds}; `fixed` needs no labels. `exact_top1` decides as `decide_by` says."""
DBC_RULES = ("fixed", *LEARNED)
FILE = "thresholds.csv"


def decide(
    validation_cos: np.ndarray, validation_labels: np.ndarray, test_cos: np.ndarray
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], dict[str, np.ndarray]]:
    """Return {rule: (validation decisions, test decisions)}, bool, and {rule: thresholds}, set on validation alone.

    Args:
        validation_cos, test_cos: cosines, float32 [documents, labels].
        validation_labels: bool or uint8, the shape of `validation_cos`.

    Returns:
        Decisions bool [documents, labels], thresholds float64 [labels], of the rules `DBC_RULES`.

    Raises:
        InputError: a cosine is NaN or infinite; the row is named.
    """
    require_finite(test_cos, "test scores")
    cuts = {"fixed": thresholds.fixed_normalised(validation_cos)}
    cuts |= {rule: learn(validation_cos, validation_labels) for rule, learn in LEARNED.items()}
    both = validation_cos, test_cos
    return {rule: tuple(decide_by(rule, cut, cos) for cos in both) for rule, cut in cuts.items()}, cuts


def decide_by(rule: str, cuts: np.ndarray, cos: np.ndarray) -> np.ndarray:
    """Return the decisions of a rule with these thresholds, bool [documents, labels].

    With `exact_top1` a document above no threshold gets the label with its highest cosine, the first among equals.
    """
    decided = cos >= cuts
    return decided | (one_best(cos) & ~decided.any(axis=1, keepdims=True)) if rule == "exact_top1" else decided


def write_thresholds(folder: str | Path, names: list[str], cuts: dict[str, np.ndarray]) -> None:
    """Write thresholds.csv into `folder`: column `label`, then one a rule, with all digits, "inf" and "-inf"."""
    with atomic_path(Path(folder) / FILE) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["label", *cuts])
        columns = [map(repr, cut.tolist()) for cut in cuts.values()]
        writer.writerows(zip(names, *columns, strict=True))


def read_thresholds(folder: str | Path, names: list[str]) -> dict[str, np.ndarray]:
    """Return {rule: thresholds float64 [labels]} from the thresholds.csv in `folder`.

    Raises:
        InputError: its labels are not `names`, in this order.
    """
    path = Path(folder) / FILE
    with path.open(newline="", encoding="utf-8") as stream:
        (_, *rules), *rows = csv.reader(stream)
    if [row[0] for row in rows] != names:
        raise InputError(
            f"{path}: its labels are not those of the dataset's card, which has {len(names)}, {names[0]!r} first; "
            "delete the file and evaluate the run again"
        )
    return {rule: np.array([float(row[column]) for row in rows]) for column, rule in enumerate(rules, 1)}


def to_scores(similarity: np.ndarray) -> np.ndarray:
    """Map cosines to [0, 1]: (1 + cos) / 2, float32."""
    return ((1 + similarity) / 2).astype(np.float32, copy=False)
