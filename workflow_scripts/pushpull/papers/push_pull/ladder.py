"""What training with each loss of Push and Pull changes, with a paired test."""

from pushpull.papers.push_pull.rows import COMPARISONS, LOSSES, PAPER, UNTRAINED, described, text_models
from pushpull.tables.ladder import RESAMPLED, ladder, pairs_by_model
from pushpull.tables.printed import no_printed_values
from pushpull.tables.study import Study
from pushpull.tables.table import Table


def table_ladder(study: Study) -> Table:
    """Return trained minus untrained for every encoder and loss, and each variant minus its loss, with intervals.

    `comparisons.csv` has them by the names of the rows, the table by those of encoder and row.
    """
    variants = {f": {row.name}": row for row in (UNTRAINED, *LOSSES)}
    return ladder(
        study,
        PAPER,
        "Push and Pull, step by step: what each loss changes",
        described(
            study,
            "Score of the first-named row minus that of the second, in percentage points, both under DBC with one "
            "threshold per label; rows and grid points as in Table 1. Runs are paired by seed, an untrained encoder "
            f"with each, and {RESAMPLED}",
        ),
        pairs_by_model(COMPARISONS, text_models(study), variants),
        [no_printed_values()],
    )
