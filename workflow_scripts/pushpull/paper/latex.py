"""A table as LaTeX."""

from collections.abc import Iterator, Sequence

from pushpull.paper.rendering import Word, number, ours_word, remarks, signed
from pushpull.paper.tables import Metric, Table

ESCAPES = str.maketrans(
    {character: rf"\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "`": r"\textasciigrave{}",
        "<": "$<$",
        ">": "$>$",
        "–": "--",
        "−": "$-$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "Δ": r"$\Delta$",
        "⁻": "$^{-}$",
        "³": "$^{3}$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
    }
)


def escape(text: str) -> str:
    """Return `text` for LaTeX: its special characters escaped, the signs of our tables as mathematics.

    Example:
        >>> escape("micro_f1 ± 50 %")
        'micro\\\\_f1 $\\\\pm$ 50 \\\\%'
    """
    # Two hyphens would be set as a dash, which breaks commands.
    return "-{}-".join(part.translate(ESCAPES) for part in text.split("--"))


def to_latex(table: Table) -> str:
    r"""Return a table as LaTeX that needs \usepackage{booktabs} only.

    Each (dataset, encoder) is a block of rows, because side by side they would leave the page. A metric has
    up to three
    columns: ours, printed, difference. A table that is not `grouped` has these three in lines one below the
    other.
    """
    notes: list[str] = []
    lines = list(_grouped(table, notes) if table.grouped else _by_dataset(table, notes))
    width = 1 + len(table.metrics) * (_roles(table) if table.grouped else 1)
    below = [f"$^{{{mark}}}${_note(note)}" for mark, note in enumerate(notes, 1)]
    below += [_note(remark) for remark in [*remarks(table), *_legend(table)]]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\scriptsize",
            r"\setlength{\tabcolsep}{2.5pt}",
            rf"\caption{{{escape(table.title)}. {escape(table.caption)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{l{'r' * (width - 1)}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            *[rf"\par\smallskip\parbox{{\linewidth}}{{\raggedright {note}}}" for note in below],
            r"\end{table}",
            "",
        ]
    )


def _roles(table: Table) -> int:
    """Return the columns per metric: printed and difference only where the table has any."""
    if table.cells.difference.notna().any():
        return 3
    return 2 if table.cells.printed.notna().any() else 1


def _grouped(table: Table, notes: list[str]) -> Iterator[str]:
    roles, metrics = _roles(table), table.metrics
    width = 1 + roles * len(metrics)
    yield _line("", *(rf"\multicolumn{{{roles}}}{{c}}{{{escape(metric.title)}}}" for metric in metrics))
    if roles > 1:
        spans = [(2 + roles * n, 1 + roles * (n + 1)) for n in range(len(metrics))]
        yield " ".join(rf"\cmidrule(lr){{{first}-{last}}}" for first, last in spans)
        yield _line("method", *["ours", "printed", r"$\Delta$"][:roles] * len(metrics))
    for names, part in table.cells.groupby(["dataset", "encoder"], sort=False):
        title = ", ".join(escape(table.labels.get(name, name)) for name in names if name)
        yield r"\midrule"
        yield _line(rf"\multicolumn{{{width}}}{{l}}{{\textbf{{{title}}}}}")
        for row, cells in part.groupby("row", sort=False):
            words = [word for triple in _triples(cells, metrics, notes) for word in triple[:roles]]
            yield _line(escape(row), *words)


def _by_dataset(table: Table, notes: list[str]) -> Iterator[str]:
    yield _line("dataset", *(escape(metric.title) for metric in table.metrics))
    for row, cells in table.cells.groupby("row", sort=False):
        ours, printed, difference = zip(*_triples(cells, table.metrics, notes), strict=True)
        yield r"\midrule"
        yield _line(escape(table.labels.get(row, row)), *ours)
        if cells.printed.notna().any():
            yield _line(r"\quad printed", *printed)
        if cells.difference.notna().any():
            yield _line(r"\quad $\Delta$", *difference)


def _triples(cells, metrics: Sequence[Metric], notes: list[str]) -> list[tuple[str, str, str]]:
    """Return per metric ours, printed and difference; the latter two are blank where nothing is printed."""
    triples = []
    for cell, metric in zip(cells.itertuples(), metrics, strict=True):
        there = [(cell.printed, number), (cell.difference, signed)]
        aside = ["" if value != value else escape(form(value, metric.decimals)) for value, form in there]
        triples.append((_word(ours_word(cell, metric, notes)), *aside))
    return triples


def _word(word: Word) -> str:
    mean, _, spread = word.text.partition(" ± ")
    small = rf"{{\tiny$\pm${spread}}}" if spread else ""
    return escape(mean) + small + (f"$^{{{word.mark}}}$" if word.mark else "")


def _note(text: str) -> str:
    """Return a note with `commands` in typewriter letters."""
    parts = [escape(part) for part in text.split("`")]
    return "".join(rf"\texttt{{{part}}}" if n % 2 else part for n, part in enumerate(parts))


def _line(*words: str) -> str:
    return " & ".join(words) + r" \\"


def _legend(table: Table) -> list[str]:
    """Return one line that says what the rows are that the paper calls by short names, if there are any."""
    names = table.cells.row.drop_duplicates()
    explained = [table.labels[name] for name in names if table.labels.get(name, "").startswith(f"{name} (")]
    return ["; ".join(explained)] if explained else []
