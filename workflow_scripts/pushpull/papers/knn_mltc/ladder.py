"""What each part of kNN-MLTC changes, with a paired test."""

import pandas as pd

from pushpull.papers.knn_mltc.rows import ABLATION, COMPARISONS, PAPER, WITHOUT_BETA, base_models, describe_models
from pushpull.tables.captions import describe
from pushpull.tables.ladder import PAIRED, ladder, pairs_by_model
from pushpull.tables.printed import printed_values
from pushpull.tables.study import Study
from pushpull.tables.table import Table


def table_ladder(study: Study) -> Table:
    """Return the differences of COMPARISONS for every base model, with their intervals; the paper prints none of them.

    `comparisons.csv` has them by the names of the variants, the table by those of base model and variant.
    """
    return ladder(
        study,
        PAPER,
        "kNN-MLTC, step by step: what each part changes",
        "Score of the first-named row minus that of the second on the test split, in percentage points; rows and grid "
        f"points as in Tables 4 and 5. {PAIRED} {describe_models(study)} {describe(study, PAPER)} "
        "Printed: the difference of the numbers in Tables 4 and 5.",
        pairs_by_model(COMPARISONS, base_models(study), ABLATION | {" without beta": WITHOUT_BETA}),
        [_printed()],
    )


def _printed() -> pd.DataFrame:
    """Return Table 4 and, from Table 5, the rows without beta; those with beta are +CL+kNN of Table 4."""
    table5 = printed_values(PAPER, "table5")
    return pd.concat([printed_values(PAPER, "table4"), table5[table5.row.str.endswith(" without beta")]])
