"""How figures look and how they are written: readable at column width, safe for colour-blind readers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill

import matplotlib as mpl
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.text import Text

from pushpull.files import atomic_path

WIDTH = 6.3
"""Text width of a page in inches."""

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, GREY, BLACK = "#56B4E9", "#7F7F7F", "#222222"
"""The palette of Okabe and Ito, told apart by readers with any common colour blindness."""

SOLID, DASHED, DASH_DOTTED, DOTTED = "", (3.7, 1.6), (6.4, 1.6, 1, 1.6), (1, 1.6)
"""How lines are dashed, as seaborn takes it."""

FONT = "DejaVu Sans"
"""It comes with matplotlib: figures are the same on every machine."""

STYLE = {
    "text.parse_math": False,  # a dollar sign is one, in labels and titles; a log axis needs ticks of its own for that
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "pdf.fonttype": 42,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this context; figures made with `Figure()` need no display."""
    with mpl.rc_context():
        seaborn.set_theme(context="paper", style="ticks", font=FONT, rc=STYLE)
        yield


def say(ax: Axes, reasons: Iterable[str], width: int = 44) -> None:
    """Write into an empty panel why it is empty."""
    text = "\n".join(fill(reason, width) for reason in dict.fromkeys(reasons))
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)
    ax.set_axis_off()


def nothing_to_draw(reason: str) -> Figure:
    """Return a figure that says why it is empty; call it inside `house_style`."""
    figure = Figure(figsize=(WIDTH, 1.2), layout="constrained")
    say(figure.subplots(), [reason])
    return figure


def save_figure(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write `figure` as PDF and as PNG (200 dpi), atomically. The same figure gives the same bytes.

    Characters that the house's font lacks are drawn in fonts of this machine that have them; those that none has are
    boxes, and a line below the figure says which.
    """
    with house_style():
        _find_glyphs(figure)
    for path, extension, metadata in ((pdf, "pdf", {"CreationDate": None}), (png, "png", {})):
        with house_style(), atomic_path(path) as temporary:
            figure.savefig(
                temporary, format=extension, dpi=200, metadata=metadata, bbox_inches="tight", pad_inches=0.03
            )


def _find_glyphs(figure: Figure) -> None:
    figure.draw_without_rendering()  # ticks get their labels
    texts = figure.findobj(Text)
    wanted = {character for text in texts for character in text.get_text() if not character.isspace()}
    missing = wanted - _characters(findfont(FONT))
    if not missing:
        return
    families = [FONT]
    for font in sorted(fontManager.ttflist, key=lambda font: font.fname):
        plain = font.style == "normal" and font.weight == 400 and not font.name.startswith("Last Resort")
        if plain and (found := missing & _characters(font.fname)):
            families.append(font.name)
            missing -= found
    for text in texts:
        text.set_fontfamily(families)
    if missing:
        codes = ", ".join(f"U+{ord(character):04X}" for character in sorted(missing))
        note = fill(f"No font of this machine has {codes}, drawn as boxes; the tables have them.", 130)
        figure.text(0, -0.01, note, va="top", fontsize=6)
        print(note)


def _characters(font: str) -> set[str]:
    try:
        return set(map(chr, get_font(font).get_charmap()))
    except RuntimeError:  # pictures of emoji, not outlines
        return set()
