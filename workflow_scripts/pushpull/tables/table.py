"""A finished table: its cells, made in `cells`, and the words that stand around them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pushpull.tables.rows import Metric, Row
from pushpull.tables.study import Study

INTERVALS = {
    "student_t": "Student's t over seeds",
    "bootstrap": "bootstrap over test documents where there is one run",
    "paired_bootstrap": "paired bootstrap over test documents and seeds",
    "paired_documents": "paired bootstrap over test documents where there is one pair of runs",
}
"""What the 95 % interval of a cell may be: its name in the tidy table, and in words."""


@dataclass(frozen=True)
class Table:
    """A finished table: `cells` as in `cells.COLUMNS`, `labels` the words shown for rows, datasets, encoders.

    Columns stand in groups by the columns `groups` of `cells`; without any, the rows are the datasets themselves.
    `caption` need not say what spread and interval are: `rendering.full_caption` does, for every table.
    """

    name: str
    title: str
    caption: str
    metrics: tuple[Metric, ...]
    cells: pd.DataFrame
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    groups: tuple[str, ...] = ("dataset", "encoder")

    def label(self, kind: str, name: str) -> str:
        """Return the words shown for a name of the tidy table; `kind` is rows, datasets or encoders."""
        return self.labels.get((kind, name), name)

    @property
    def seeds(self) -> int | None:
        """Number of seeds behind every value; None where it differs, or no value comes from runs."""
        counts = self.cells.seeds.dropna().unique()
        return int(counts[0]) if len(counts) == 1 else None


def labels(study: Study, rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return the words to show, by (`rows`, `datasets` or `encoders`, name in the tidy table)."""
    shown = {("rows", row.name): f"{row.name} ({row.title})" if row.title else row.name for row in rows}
    titles = {(kind, key): study.title(kind, key) for kind in ("datasets", "encoders") for key in study.info[kind]}
    return titles | shown
