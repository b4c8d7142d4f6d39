"""What each variant of CLLD changes, with a paired test."""

from dataclasses import replace

import pandas as pd

from pushpull.papers.clld.rows import (
    ABLATION,
    COMPARISONS,
    MAIN,
    PAPER,
    PRINTED_ABLATION,
    PRINTED_MODELS,
    base_models,
    described,
)
from pushpull.tables.base_models import by_model, model_rows
from pushpull.tables.comparison_cells import Pair, comparison_cells
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

METRICS = (
    Metric("accuracy", "Δ accuracy (points)", "micro_f1", 100, change=True),
    Metric("macro_f1", "Δ macro-F1 (points)", "macro_f1", 100, change=True),
)
SUFFIXES = {row.name: suffix for suffix, row in ABLATION.items()}
"""What stands behind a base model's name, by the name of the variant."""


def table_ladder(study: Study) -> Table:
    """Return the differences of COMPARISONS, with their intervals, for every base model that has them here or in print.

    `comparisons.csv` has them by the names of the variants, the table by those of base model and variant.
    """
    models, printed = base_models(study), _printed()
    study = replace(study, comparisons=by_model(study.comparisons, PAPER, models, SUFFIXES))
    return Table(
        f"{PAPER}_table_ladder",
        "CLLD, step by step: what each variant changes",
        described(
            study,
            "Score of the first-named row minus that of the second, in percentage points; rows and grid points as in "
            "Table 3, where CT+CLSLD is the CLLD of Table 2. Runs are paired by seed and judged on the same resampled "
            "documents; resampling two or three seeds understates their spread. p-values: comparisons.csv. Printed: "
            "the difference of the numbers in Tables 2 and 3; a likely misprint has none.",
        ),
        METRICS,
        comparison_cells(study, PAPER, _pairs(study, models, {*pd.concat(printed).row}), METRICS, printed),
        labels(study, []),
        groups=("dataset",),
    )


def printed_ablation() -> pd.DataFrame:
    """Return the printed values of Table 3, their rows called by base model and variant."""
    values = printed_values(PAPER, "table3")
    return values.assign(row=f"{PRINTED_ABLATION} " + values.row)


def _pairs(study: Study, models: dict[str, str], printed: set[str]) -> list[Pair]:
    """Return the pairs of rows of which both are in print, or both have runs."""
    measured = {key[2:4] for key in study.runs if key[0] == PAPER}
    pairs = []
    for model, encoder in models.items():
        rows = {row.method: row for row in model_rows({model: encoder}, ABLATION)}
        for pair in COMPARISONS:
            sides = [rows[side.method] for side in pair]
            if all(side.name in printed for side in sides) or {(encoder, side.method) for side in sides} <= measured:
                pairs.append(tuple(sides))
    return pairs


def _printed() -> list[pd.DataFrame]:
    """Return the printed values of Tables 3 and 2, their rows called as here."""
    names = {model + suffix: model + SUFFIXES[row.name] for model in PRINTED_MODELS for suffix, row in MAIN.items()}
    return [printed_ablation(), printed_values(PAPER, "table2").replace({"row": names})]
