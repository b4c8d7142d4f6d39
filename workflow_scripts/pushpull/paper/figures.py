"""How figures look and how they are written: readable at column width, safe for colour-blind readers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import seaborn
from matplotlib.figure import Figure

from pushpull.files import atomic_path

WIDTH = 6.3
"""Text width of a page in inches."""

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, GREY, BLACK = "#56B4E9", "#7F7F7F", "#222222"
"""The palette of Okabe and Ito, told apart by readers with any common colour blindness."""

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


def save_figure(figure: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write `figure` as PDF and as PNG (200 dpi), atomically. The same figure gives the same bytes."""
    for path, extension, metadata in ((pdf, "pdf", {"CreationDate": None}), (png, "png", {})):
        with house_style(), atomic_path(path) as temporary:
            figure.savefig(
                temporary, format=extension, dpi=200, metadata=metadata, bbox_inches="tight", pad_inches=0.03
            )
