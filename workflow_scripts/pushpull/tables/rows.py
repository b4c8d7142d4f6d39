"""What a line and a column of a table are. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pushpull.tables.study import Study

SELECTION_METRIC = "micro_f1"
"""What grid points are chosen by on validation, unless a line says otherwise."""


@dataclass(frozen=True)
class Metric:
    """A column: `source` in metrics files, times `scale`, shown as `title` with `decimals` digits.

    `name` is the metric's name in the printed values and in the tidy table. With `change` the values are differences:
    they are shown with their sign, and with a star where their interval excludes 0.
    """

    name: str
    title: str
    source: str
    scale: float = 1.0
    decimals: int = 2
    change: bool = False


@dataclass(frozen=True)
class Row:
    """A line: `method` under `protocol`, with the grid point of the best validation `chosen_metric` under `chosen_by`.

    `name` is the paper's name of the line (or the method's title, for a method that the paper does not have),
    `title` says what it is. A line with an `encoder` has a cell per dataset, with that encoder, and none where it is
    empty; any other line has one per dataset and encoder. All lines of a table are of one sort.
    """

    name: str
    title: str
    method: str
    protocol: str
    chosen_by: str
    encoder: str | None = None
    chosen_metric: str = SELECTION_METRIC


MICRO_F1 = Metric("micro_f1", "micro-F1 (%)", "micro_f1", 100)
MACRO_F1 = Metric("macro_f1", "macro-F1 (%)", "macro_f1", 100)
HAMMING = Metric("hamming_loss_x1e3", "Hamming (×10⁻³)", "hamming_loss", 1000)
CORPUS = (
    Metric("labels", "labels", "labels", decimals=0),
    Metric("labels_per_document", "labels/document", "labels_per_document", decimals=1),
    Metric("words_per_document", "words/document", "words_per_document", decimals=0),
)
"""What every table of datasets says beside the numbers of documents."""


def further_methods(study: Study, paper: str, known: Container[str], kinds: Container[str]) -> dict[str, str]:
    """Return {method: title} of the study's further methods of these kinds.

    Args:
        known: methods with a row in any of the paper's tables.
        kinds: of those in `kinds.KINDS`.
    """
    return {
        method: study.title("methods", method)
        for method in study.methods(paper)
        if method not in known and study.kind(method) in kinds
    }
