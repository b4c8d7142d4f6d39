"""Writes a table in the three forms that people use."""

from pathlib import Path

from pushpull.files import atomic_path
from pushpull.tables.latex import to_latex
from pushpull.tables.rendering import to_markdown
from pushpull.tables.table import Table


def write_table(table: Table, csv: str | Path, markdown: str | Path, latex: str | Path) -> None:
    """Write the tidy cells as CSV, and the laid-out table as Markdown and as LaTeX, each atomically."""
    tidy = table.cells.to_csv(index=False, lineterminator="\n")
    for path, text in ((csv, tidy), (markdown, to_markdown(table)), (latex, to_latex(table))):
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
