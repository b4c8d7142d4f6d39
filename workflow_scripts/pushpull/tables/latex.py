"""A table as LaTeX."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from pushpull.tables.rendering import Word, full_caption, ours_word, printed_word, remarks, signed
from pushpull.tables.table import Table

MATHEMATICS = {
    **{"Δ": "Delta", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta"},
    **{"λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega"},
    **{"±": "pm", "×": "times", "↑": "uparrow", "↓": "downarrow", "→": "rightarrow", "≤": "le", "≥": "ge"},
}
LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i"}
ACCENTS = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": "."},
    **{"\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c"},
}
"""Commands that every engine and every font encoding has; accents are as Unicode combines them with letters."""
ESCAPES = str.maketrans(
    {character: rf"\{character}" for character in "&%$#_{}"}
    | {character: rf"$\{command}$" for character, command in MATHEMATICS.items()}
    | {character: rf"\{command}{{}}" for character, command in LETTERS.items()}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "`": r"\textasciigrave{}",
        "|": r"\textbar{}",
        "<": "$<$",
        ">": "$>$",
        "–": "--",
        "—": "---",
        "’": "'",
        "…": r"\dots{}",
        "−": "$-$",
        "⁻": "$^{-}$",
        "³": "$^{3}$",
    }
)


def escape(text: str) -> str:
    """Return `text` for LaTeX: its special characters escaped, the signs of our tables as mathematics.

    Letters of Latin scripts are spelled with accents; what neither pdfLaTeX nor XeLaTeX can set without packages is
    named by its number, as in [U+6771]. The result is ASCII.

    Example:
        >>> escape("micro_f1 ± 50 %")
        'micro\\\\_f1 $\\\\pm$ 50 \\\\%'
    """
    # Two hyphens would be set as a dash, which breaks commands.
    plain = "-{}-".join(part.translate(ESCAPES) for part in unicodedata.normalize("NFC", text).split("--"))
    return re.sub(r"\]\[(?=U\+)", " ", "".join(map(_spelled, plain)))


def _spelled(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " "
    letter, *marks = unicodedata.normalize("NFD", character)
    if not letter.isascii() or not set(marks) <= ACCENTS.keys():
        return f"[U+{ord(character):04X}]"
    for mark in marks:
        letter = rf"\{ACCENTS[mark]}{{{letter}}}"
    return letter


def to_latex(table: Table) -> str:
    r"""Return a table as LaTeX that needs \usepackage{booktabs} only.

    Each of the table's `groups` is a block of rows, because side by side they would leave the page. For the same reason
    a metric has at most two columns: ours, below it the interval, and printed, below it the difference. A table without
    groups has ours, printed and difference in lines one below the other, and no interval.
    """
    notes: list[str] = []
    lines = list(_grouped(table, notes) if table.groups else _by_dataset(table, notes))
    width = 1 + len(table.metrics) * (_roles(table) if table.groups else 1)
    below = [f"$^{{{mark}}}${_note(note)}" for mark, note in enumerate(notes, 1)]
    below += [_note(remark) for remark in [*remarks(table), *_legend(table)]]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\scriptsize",
            r"\setlength{\tabcolsep}{2.5pt}",
            rf"\caption{{{escape(table.title)}. {escape(full_caption(table))}}}",
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
    """Return the columns per metric: ours and, only where the table has any, printed."""
    return 2 if table.cells.printed.notna().any() else 1


def _grouped(table: Table, notes: list[str]) -> Iterator[str]:
    roles, metrics = _roles(table), table.metrics
    width = 1 + roles * len(metrics)
    yield _line("", *(rf"\multicolumn{{{roles}}}{{c}}{{{escape(metric.title)}}}" for metric in metrics))
    spans = [(2 + roles * n, 1 + roles * (n + 1)) for n in range(len(metrics))]
    yield " ".join(rf"\cmidrule(lr){{{first}-{last}}}" for first, last in spans)
    yield _line("method", *["ours", "printed"][:roles] * len(metrics))
    difference = "Δ" if table.cells.difference.notna().any() else ""
    yield _line("", *[_small("95 % interval"), _small(difference)][:roles] * len(metrics))
    for names, part in table.cells.groupby([*table.groups], sort=False):
        kinds = zip(table.groups, names, strict=True)
        title = ", ".join(escape(table.label(f"{kind}s", name)) for kind, name in kinds if name)
        yield r"\midrule"
        yield _line(rf"\multicolumn{{{width}}}{{l}}{{\textbf{{{title}}}}}")
        for row, cells in part.groupby("row", sort=False):
            entries = _entries(cells, table, notes)
            yield _line(escape(row), *chain(*((entry.ours, entry.printed)[:roles] for entry in entries)))
            below = list(chain(*((_small(entry.interval), _small(entry.difference))[:roles] for entry in entries)))
            if any(below):
                yield _line("", *below)


def _by_dataset(table: Table, notes: list[str]) -> Iterator[str]:
    yield _line("dataset", *(escape(metric.title) for metric in table.metrics))
    for row, cells in table.cells.groupby("row", sort=False):
        ours, _, printed, differences = zip(*_entries(cells, table, notes), strict=True)
        yield r"\midrule"
        yield _line(escape(table.label("rows" if table.groups else "datasets", row)), *ours)
        for title, words in (("printed", printed), ("Δ", [escape(word) for word in differences])):
            if any(words):
                yield _line(rf"\quad {escape(title)}", *words)


class Entry(NamedTuple):
    """What stands in a cell: ours and printed as LaTeX, the others as plain text, blank where there is none."""

    ours: str
    interval: str
    printed: str
    difference: str


def _entries(cells, table: Table, notes: list[str]) -> list[Entry]:
    """Return an entry per metric."""
    entries = []
    for cell, metric in zip(cells.itertuples(), table.metrics, strict=True):
        word = ours_word(cell, metric, table, notes)
        printed = "" if cell.printed != cell.printed else _word(printed_word(cell, metric, notes))
        difference = "" if cell.difference != cell.difference else signed(cell.difference, metric.decimals)
        entries.append(Entry(_word(word), word.interval, printed, difference))
    return entries


def _word(word: Word) -> str:
    mean, _, rest = word.text.partition(" ")
    spread = r"\," + _small(rest.replace("± ", "±")) if rest else ""
    return escape(mean) + spread + (f"$^{{{word.mark}}}$" if word.mark else "")


def _small(text: str) -> str:
    return rf"{{\tiny {escape(text)}}}" if text else ""


def _note(text: str) -> str:
    """Return a note with `commands` in typewriter letters."""
    parts = [escape(part) for part in text.split("`")]
    return "".join(rf"\texttt{{{part}}}" if n % 2 else part for n, part in enumerate(parts))


def _line(*words: str) -> str:
    # A line break takes what follows it, a bracket or a star, for an option of its own.
    return ("{}" if words[0].startswith(("[", "*")) else "") + " & ".join(words) + r" \\"


def _legend(table: Table) -> list[str]:
    """Return one line that says what the rows are that the paper calls by short names, if there are any."""
    names = table.cells.row.drop_duplicates()
    labels = {name: table.label("rows", name) for name in names}
    explained = [words for name, words in labels.items() if words.startswith(f"{name} (")]
    return ["; ".join(explained)] if explained else []
