"""What each variant of CLLD changes, with a paired test."""

import pandas as pd

from pushpull.papers.clld.rows import (
    ABLATION,
    COMPARISONS,
    MAIN,
    METRICS,
    PAPER,
    PRINTED_ABLATION,
    PRINTED_MODELS,
    base_models,
    described,
)
from pushpull.tables.ladder import PAIRED, Pair, ladder, pairs_by_model
from pushpull.tables.printed import printed_values
from pushpull.tables.study import Study
from pushpull.tables.table import Table


def table_ladder(study: Study) -> Table:
    """Return the differences of COMPARISONS, with their intervals, for every base model that has them here or in print.

    `comparisons.csv` has them by the names of the variants, the table by those of base model and variant.
    """
    printed = _printed()
    return ladder(
        study,
        PAPER,
        "CLLD, step by step: what each variant changes",
        described(
            study,
            "Score of the first-named row minus that of the second, in percentage points; rows and grid points as in "
            f"Table 3, where CT+CLSLD is the CLLD of Table 2. {PAIRED} Printed: the difference of the numbers in "
            "Tables 2 and 3; a likely misprint has none.",
        ),
        _pairs(study, {*pd.concat(printed).row}),
        printed,
        METRICS,
    )


def printed_ablation() -> pd.DataFrame:
    """Return the printed values of Table 3, their rows called by base model and variant."""
    values = printed_values(PAPER, "table3")
    return values.assign(row=f"{PRINTED_ABLATION} " + values.row)


def _pairs(study: Study, printed: set[str]) -> dict[Pair, Pair]:
    """Return the pairs of rows of which both are in print, or both have runs."""
    measured = {key[2:4] for key in study.runs if key[0] == PAPER}
    return {
        sides: pair
        for sides, pair in pairs_by_model(COMPARISONS, base_models(study), ABLATION).items()
        if {side.name for side in sides} <= printed or {(side.encoder, side.method) for side in sides} <= measured
    }


def _printed() -> list[pd.DataFrame]:
    """Return the printed values of Tables 3 and 2, their rows called as here."""
    names = {model + suffix: f"{model} {row.name}" for model in PRINTED_MODELS for suffix, row in MAIN.items()}
    return [printed_ablation(), printed_values(PAPER, "table2").replace({"row": names})]
