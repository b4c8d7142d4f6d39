"""What each step of ABALONE's ladder of methods changes, with a paired test."""

from pushpull.papers.abalone.rows import COMPARISONS, PAPER
from pushpull.tables.captions import describe
from pushpull.tables.comparison_cells import comparison_cells
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

METRICS = (
    Metric("micro_f1", "Δ micro-F1 (points)", "micro_f1", 100, change=True),
    Metric("macro_f1", "Δ macro-F1 (points)", "macro_f1", 100, change=True),
)


def table_ladder(study: Study) -> Table:
    """Return the differences between neighbours of the ladder, with their intervals; the paper prints none of them."""
    # Table 3 first: its temperature is the one of our runs; Table 2 averages over three.
    printed = [printed_values(PAPER, table) for table in ("table3", "table2")]
    return Table(
        "abalone_table_ladder",
        "ABALONE, step by step: what each method changes",
        "Score of the first-named method minus that of the second on the test split, in percentage points; names and "
        "protocols as in Tables 2 and 3, grid points as in Table 3. Runs are paired by seed and judged on the same "
        "resampled documents; resampling two or three seeds understates their spread. p-values: comparisons.csv. "
        f"{describe(study, PAPER)} Printed: the difference in Table 3, or in Table 2 where Table 3 lacks a row.",
        METRICS,
        comparison_cells(study, PAPER, COMPARISONS, METRICS, printed),
        labels(study, []),
    )
