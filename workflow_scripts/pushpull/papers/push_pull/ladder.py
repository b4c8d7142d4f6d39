"""What training with each loss of Push and Pull changes, with a paired test."""

from dataclasses import replace

from pushpull.papers.push_pull.rows import COMPARISONS, LOSSES, PAPER, UNTRAINED, described, text_models
from pushpull.tables.base_models import by_model, model_rows
from pushpull.tables.comparison_cells import comparison_cells
from pushpull.tables.printed import no_printed_values
from pushpull.tables.rows import Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

METRICS = (
    Metric("micro_f1", "Δ micro-F1 (points)", "micro_f1", 100, change=True),
    Metric("macro_f1", "Δ macro-F1 (points)", "macro_f1", 100, change=True),
)
SUFFIXES = {row.name: f": {row.name}" for row in (UNTRAINED, *LOSSES)}
"""What stands behind an encoder's name, by the name of the row."""


def table_ladder(study: Study) -> Table:
    """Return trained minus untrained for every encoder and loss, and each variant minus its loss, with intervals.

    `comparisons.csv` has them by the names of the rows, the table by those of encoder and row.
    """
    models = text_models(study)
    variants = {SUFFIXES[row.name]: row for row in (UNTRAINED, *LOSSES)}
    rows = {row.name: row for row in model_rows(models, variants)}
    pairs = [tuple(rows[model + SUFFIXES[side.name]] for side in pair) for model in models for pair in COMPARISONS]
    study = replace(study, comparisons=by_model(study.comparisons, PAPER, models, SUFFIXES))
    return Table(
        f"{PAPER}_table_ladder",
        "Push and Pull, step by step: what each loss changes",
        described(
            study,
            "Score of the first-named row minus that of the second, in percentage points, both under DBC with one "
            "threshold per label; rows and grid points as in Table 1. Runs are paired by seed, an untrained encoder "
            "with each, and judged on the same resampled documents; resampling two or three seeds understates their "
            "spread. p-values: comparisons.csv.",
        ),
        METRICS,
        comparison_cells(study, PAPER, pairs, METRICS, [no_printed_values()]),
        labels(study, []),
        groups=("dataset",),
    )
