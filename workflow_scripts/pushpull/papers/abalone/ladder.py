"""What each step of ABALONE's ladder of methods changes, with a paired test."""

from pushpull.papers.abalone.rows import COMPARISONS, PAPER
from pushpull.tables.captions import describe
from pushpull.tables.ladder import PAIRED, ladder
from pushpull.tables.printed import printed_values
from pushpull.tables.study import Study
from pushpull.tables.table import Table


def table_ladder(study: Study) -> Table:
    """Return the differences between neighbours of the ladder, with their intervals; the paper prints none of them."""
    return ladder(
        study,
        PAPER,
        "ABALONE, step by step: what each method changes",
        "Score of the first-named method minus that of the second on the test split, in percentage points; names and "
        f"protocols as in Tables 2 and 3, grid points as in Table 3. {PAIRED} {describe(study, PAPER)} "
        "Printed: the difference in Table 3, or in Table 2 where Table 3 lacks a row.",
        {pair: pair for pair in COMPARISONS},
        # Table 3 first: its temperature is the one of our runs; Table 2 averages over three.
        [printed_values(PAPER, table) for table in ("table3", "table2")],
    )
