"""How kNN-MLTC's figures draw each base model."""

from collections.abc import Iterable

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pushpull.tables import style

LINES = {"CNN": (style.BLUE, "o"), "LDGN": (style.VERMILLION, "^"), "BERT": (style.GREEN, "D")}
FURTHER = [(style.PURPLE, "s"), (style.SKY, "v"), (style.BLACK, "X"), (style.GREY, "P")]
"""Colour and marker of the paper's base models, and of others."""

Look = tuple[str, str]


def looks_of(models: Iterable[str]) -> dict[str, Look]:
    """Return colour and marker of every base model, by name."""
    models = list(models)
    further = iter(FURTHER * len(models))
    return {model: LINES.get(model) or next(further) for model in models}


def draw_line(ax: Axes, values: pd.DataFrame, look: Look, dashed: bool = False) -> None:
    """Draw the mean over seeds and a band from the lowest to the highest.

    Args:
        values: columns `x` and `value`, a row per seed and x.
    """
    colour, marker = look
    line = {"color": colour, "marker": marker, "markeredgewidth": 0.4, "linestyle": "--" if dashed else "-"}
    band = {"errorbar": ("pi", 100), "err_kws": {"alpha": 0.15, "linewidth": 0}}
    seaborn.lineplot(values, x="x", y="value", ax=ax, **line, **band)


def legend_of(looks: dict[str, Look], drawn: Iterable[str]) -> list[Line2D]:
    """Return a handle for each base model that was drawn, in the order of `looks`."""
    drawn = set(drawn)
    return [
        Line2D([], [], color=colour, marker=marker, markeredgecolor="white", markeredgewidth=0.4, label=model)
        for model, (colour, marker) in looks.items()
        if model in drawn
    ]
