"""A table as it is read: laid out as a grid of words, and as Markdown."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from pushpull.tables.rows import Metric
from pushpull.tables.table import INTERVALS, Table

DASH = "–"
MARKUP = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)|[|$]|\*(?=\S)|(?<!\w)_(?=\S)|<(?=[a-zA-Z/!?])|&(?=#?\w+;)|~(?=~)|\](?=\()"
)
"""What GitHub would take for markup in a text that means none."""


class Word(NamedTuple):
    """What stands in one place of a grid, below it its `interval`; `mark` is its footnote's number, 0 for none."""

    text: str
    interval: str = ""
    mark: int = 0


@dataclass(frozen=True)
class Group:
    """Neighbouring columns under one heading; `columns[i]` is the heading of `cells[row][i]`.

    `only_printed` says that the group has no value of ours: a column of dashes, then the printed values.
    """

    title: str
    only_printed: bool
    columns: list[str]
    cells: list[list[Word]]


@dataclass(frozen=True)
class Grid:
    """A laid-out table: row headings, column groups, numbered footnotes, unnumbered remarks."""

    corner: str
    rows: list[str]
    groups: list[Group]
    footnotes: list[str]
    remarks: list[str]


def lay_out(table: Table) -> Grid:
    """Return the grid of a table: a column group for each of the table's `groups`, or a single one without a heading.

    A metric has a column for ours, and where the paper prints a value two more: printed, and the difference.
    A group without any value of ours has one column of dashes with the reason, and the printed values.
    """
    footnotes: list[str] = []
    cells = table.cells
    rows = list(cells.row.drop_duplicates())
    parts = list(cells.groupby([*table.groups], sort=False)) if table.groups else [((), cells)]
    # A lone encoder is named in the caption; repeating it over every column helps nobody.
    headed = slice(2 if cells.encoder[cells.encoder != ""].nunique() > 1 else 1)
    groups = []
    for names, part in parts:
        kinds = zip(table.groups, names[headed], strict=False)
        title = ", ".join(table.label(f"{kind}s", name) for kind, name in kinds if name)
        groups.append(_group(title, part, rows, table, footnotes))
    corner = "method" if table.groups else "dataset"
    return Grid(
        corner,
        [table.label("rows" if table.groups else "datasets", row) for row in rows],
        groups,
        footnotes,
        remarks(table),
    )


def to_markdown(table: Table) -> str:
    """Return a table as GitHub Markdown: title, pipe table (intervals below `<br>`), footnotes, caption."""
    grid = lay_out(table)
    heads = [
        _name(f"{group.title}: {column}") if group.title and column not in ("printed", "difference") else column
        for group in grid.groups
        for column in group.columns
    ]
    lines = [[grid.corner, *heads], ["---"] + ["---:"] * len(heads)]
    for index, row in enumerate(grid.rows):
        lines.append([_name(row)] + [_markdown(word) for group in grid.groups for word in group.cells[index]])
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = [f"<sup>{number}</sup> {_prose(note)}  " for number, note in enumerate(grid.footnotes, 1)]
    notes += [f"{_prose(remark)}  " for remark in grid.remarks]
    parts = [f"**{_prose(table.title)}**", body, "\n".join(notes), _prose(full_caption(table))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _name(text: str) -> str:
    """A name in Markdown, as it was written."""
    return MARKUP.sub(r"\\\g<0>", text).replace("`", "\\`")


def _prose(text: str) -> str:
    """A sentence in Markdown: as it was written, but for `code`."""
    return "`".join(part if n % 2 else MARKUP.sub(r"\\\g<0>", part) for n, part in enumerate(text.split("`")))


def full_caption(table: Table) -> str:
    """Return the caption, and in a table of runs what spread, interval and number of seeds its cells have."""
    cells = table.cells
    if cells.seeds.isna().all():
        return table.caption
    content = "mean ± standard deviation over runs" if cells["std"].notna().any() else "one run each"
    if any(metric.change for metric in table.metrics):
        content = "mean difference over pairs of runs, * where the interval over several pairs excludes 0"
    kinds = "; ".join(words for kind, words in INTERVALS.items() if (cells.interval == kind).any())
    interval = f", below it the 95 % interval ({kinds})" if kinds else ""
    seeds = f"{table.seeds} seed{'s' * (table.seeds != 1)} in every cell" if table.seeds else "n is the number of seeds"
    return f"{table.caption} Our cells: {content}{interval}; {seeds}."


def number(value: float, decimals: int) -> str:
    """Return a value as shown in a table: "19,700", "73.84", a dash if it is NaN."""
    if math.isnan(value):
        return DASH
    # Adding 0.0 turns minus zero into zero.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def mean_std(mean: float, std: float, decimals: int) -> str:
    """Return "73.84 ± 0.31", only the mean if there is no standard deviation, a dash if there is no mean."""
    return number(mean, decimals) + ("" if math.isnan(std) else f" ± {number(std, decimals)}")


def _group(title: str, part: pd.DataFrame, rows: Sequence[str], table: Table, notes: list[str]) -> Group:
    cells = {(cell.row, cell.metric): cell for cell in part.itertuples()}
    columns: list[str] = []
    words: list[list[Word]] = [[] for _ in rows]
    only_printed = bool(part["mean"].isna().all() and part.printed.notna().any())
    if only_printed:
        columns.append("ours")
        for row, line in zip(rows, words, strict=True):
            line.append(ours_word(cells[row, table.metrics[0].name], table.metrics[0], table, notes))
    for metric in table.metrics:
        column = [cells[row, metric.name] for row in rows]
        if not only_printed:
            _add(columns, words, metric.title, [ours_word(cell, metric, table, notes) for cell in column])
        if part.printed[part.metric == metric.name].notna().any():
            heading = f"{metric.title}, printed" if only_printed else "printed"
            _add(columns, words, heading, [printed_word(cell, metric, notes) for cell in column])
        if part.difference[part.metric == metric.name].notna().any():
            differences = [Word(signed(cell.difference, metric.decimals)) for cell in column]
            _add(columns, words, "difference", differences)
    return Group(title, only_printed, columns, words)


def _add(columns: list[str], words: list[list[Word]], heading: str, column: Sequence[Word]) -> None:
    columns.append(heading)
    for line, word in zip(words, column, strict=True):
        line.append(word)


def ours_word(cell, metric: Metric, table: Table, notes: list[str]) -> Word:
    """Return mean, spread and interval, and the number of seeds as in "(n=3)" where cells of the table differ in it.

    A missing value is a dash marked with its reason, which joins `notes`.
    """
    if not math.isnan(cell.mean):
        seeds = f" (n={cell.seeds})" if cell.seeds is not pd.NA and not table.seeds else ""
        low, high = (number(bound, metric.decimals) for bound in (cell.low, cell.high))
        interval = f"[{low}, {high}]" if cell.interval else ""
        several = cell.interval == "paired_bootstrap"
        star = "*" if several and (cell.low > 0 or cell.high < 0) else ""
        spread = "" if math.isnan(cell.std) else f" ± {number(cell.std, metric.decimals)}"
        return Word(shown(cell.mean, metric) + star + spread + seeds, interval)
    return Word(DASH, mark=_mark(cell.note, notes))


def printed_word(cell, metric: Metric, notes: list[str]) -> Word:
    """Return a printed value, marked with what is wrong with it if anything is, which joins `notes`."""
    note = getattr(cell, "printed_note", "")
    return Word(shown(cell.printed, metric), mark=_mark(note, notes) if note else 0)


def signed(value: float, decimals: int) -> str:
    """Return a difference as shown in a table, with its sign: "+0.15", "−2.10", a dash if it is NaN."""
    return ("+" if round(value, decimals) > 0 else "") + number(value, decimals)


def shown(value: float, metric: Metric) -> str:
    """Return a value of a metric as shown in a table: with its sign where it is a difference."""
    return signed(value, metric.decimals) if metric.change else number(value, metric.decimals)


def remarks(table: Table) -> list[str]:
    """Return the notes of cells that have a value, each once."""
    return [note for note in table.cells.note[table.cells["mean"].notna()].drop_duplicates() if note]


def _mark(note: str, notes: list[str]) -> int:
    """Return the number of a footnote; one that is not among `notes` joins them."""
    if note not in notes:
        notes.append(note)
    return notes.index(note) + 1


def _markdown(word: Word) -> str:
    mark = f"<sup>{word.mark}</sup>" if word.mark else ""
    return word.text + mark + (f"<br>{word.interval}" if word.interval else "")
