"""What the tests of the papers' tables share: a table of a study, its cells and rows, and the shape of its forms."""

import re

from pushpull.papers import artefacts, is_table, maker
from pushpull.tables.cells import COLUMNS
from pushpull.tables.latex import to_latex
from pushpull.tables.rendering import to_markdown


def tables_of(paper):
    return [name for name in artefacts(paper) if is_table(f"{paper}_{name}")]


def make_table(paper, study, name):
    return maker(f"{paper}_{name}")(study)


def find_cell(table, row, dataset, metric="micro_f1"):
    cells = table.cells
    found = cells[(cells.row == row) & (cells.dataset == dataset) & (cells.metric == metric)]
    assert len(found) == 1
    return found.iloc[0]


def rows_of(table):
    return list(table.cells.row.drop_duplicates())


def assert_value_or_reason(table):
    """Every cell stands once, with a value or else a note that says why there is none."""
    cells = table.cells
    assert list(cells.columns)[: len(COLUMNS)] == COLUMNS
    assert not cells.duplicated(["row", *table.groups, "metric"]).any()
    assert ((cells.note != "") == cells["mean"].isna()).all()


def markdown_rows(table):
    """Lines of the table in Markdown, all with as many columns."""
    lines = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    return lines


def assert_even_rows(table):
    """Every row has as many columns as the others in Markdown, and as the header declares in LaTeX."""
    assert markdown_rows(table)
    text = to_latex(table)
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    columns = len(re.search(r"\\begin\{tabular\}\{(l?r+)\}", text).group(1))
    for row in (line for line in body.splitlines() if line.endswith(r"\\")):
        spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", row)]
        assert len(re.findall(r"(?<!\\)&", row)) + 1 - len(spans) + sum(spans) == columns
    assert text.isascii()
