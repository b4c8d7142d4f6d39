"""What each part of kNN-MLTC changes, with a paired test."""

from dataclasses import replace

import pandas as pd

from pushpull.papers.knn_mltc.rows import (
    ABLATION,
    COMPARISONS,
    PAPER,
    WITHOUT_BETA,
    base_models,
    describe_models,
    rows_of,
)
from pushpull.tables.base_models import by_model
from pushpull.tables.captions import describe
from pushpull.tables.comparison_cells import Pair, comparison_cells
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

METRICS = (
    Metric("micro_f1", "Δ micro-F1 (points)", "micro_f1", 100, change=True),
    Metric("macro_f1", "Δ macro-F1 (points)", "macro_f1", 100, change=True),
)
SUFFIXES = {row.name: suffix for suffix, row in (ABLATION | {" without beta": WITHOUT_BETA}).items()}
"""What stands behind a base model's name, by the name of the variant."""


def table_ladder(study: Study) -> Table:
    """Return the differences of COMPARISONS for every base model, with their intervals; the paper prints none of them.

    `comparisons.csv` has them by the names of the variants, the table by those of base model and variant.
    """
    rows = {row.name: row for row in rows_of(study, ABLATION | {" without beta": WITHOUT_BETA})}
    models = base_models(study)
    study = replace(study, comparisons=by_model(study.comparisons, PAPER, models, SUFFIXES))
    pairs: list[Pair] = [
        (rows[model + SUFFIXES[against.name]], rows[model + SUFFIXES[row.name]])
        for model in models
        for against, row in COMPARISONS
    ]
    return Table(
        "knn_mltc_table_ladder",
        "kNN-MLTC, step by step: what each part changes",
        "Score of the first-named row minus that of the second on the test split, in percentage points; rows and grid "
        "points as in Tables 4 and 5. Runs are paired by seed and judged on the same resampled documents; resampling "
        "two or three seeds understates their spread. p-values: comparisons.csv. "
        f"{describe_models(study)} {describe(study, PAPER)} Printed: the difference of the numbers in Tables 4 and 5.",
        METRICS,
        comparison_cells(study, PAPER, pairs, METRICS, [_printed()]),
        labels(study, []),
        groups=("dataset",),
    )


def _printed() -> pd.DataFrame:
    """Return Table 4 and, from Table 5, the rows without beta; those with beta are +CL+kNN of Table 4."""
    table5 = printed_values(PAPER, "table5")
    return pd.concat([printed_values(PAPER, "table4"), table5[table5.row.str.endswith(" without beta")]])
