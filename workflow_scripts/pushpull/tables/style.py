"""How figures look and how they are written: readable at column width, safe for colour-blind readers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill

import matplotlib as mpl
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pushpull.files import atomic_path

WIDTH = 6.3
"""Text width of a page in inches."""

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, GREY, BLACK = "#56B4E9", "#7F7F7F", "#222222"
"""The palette of Okabe and Ito, told apart by readers with any common colour blindness."""

SOLID, DASHED, DASH_DOTTED, DOTTED = "", (3.7, 1.6), (6.4, 1.6, 1, 1.6), (1, 1.6)
"""How lines are dashed, as seaborn takes it."""

STYLE = {
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
        # A font that comes with matplotlib: figures are the same on every machine.
        seaborn.set_theme(context="paper", style="ticks", font="DejaVu Sans", rc=STYLE)
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
    """Write `figure` as PDF and as PNG (200 dpi), atomically. The same figure gives the same bytes."""
    for path, extension, metadata in ((pdf, "pdf", {"CreationDate": None}), (png, "png", {})):
        with house_style(), atomic_path(path) as temporary:
            figure.savefig(
                temporary, format=extension, dpi=200, metadata=metadata, bbox_inches="tight", pad_inches=0.03
            )
