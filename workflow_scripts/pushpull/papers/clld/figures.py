"""Figure 2 of CLLD: the label distances that the kept model of the adaptive variant was trained with last."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pushpull.papers.clld.rows import CLALD, PAPER, base_models
from pushpull.tables import style
from pushpull.tables.study import Study
from pushpull.tables.style import WIDTH, house_style, nothing_to_draw

PRINTED = "20NG"
"""The dataset of the printed figure."""
TICKS = 7
"""Largest size of the label names, in points; a share of a cell's height where that is less."""
LONGEST = 60
"""Characters of a label that are drawn."""


def figure2(study: Study) -> Figure:
    """Draw the label-distance matrix of one dataset and base model, its families outlined."""
    title, distances = _measured(study)
    with house_style():
        if distances.empty:
            return nothing_to_draw(f"study {study.name} has no label distances of method {CLALD.method}")
        figure = Figure(figsize=(WIDTH, 0.95 * WIDTH), layout="constrained")
        ax = figure.subplots()
        order = by_family(distances["first"].drop_duplicates())
        matrix = distances.pivot(index="first", columns="second", values="distance").loc[order, order]
        _draw(ax, matrix)
        ax.set_title(title, loc="left")
        ax.set(xlabel=means(matrix), ylabel="")
    return figure


def families(labels: Iterable[str]) -> list[str]:
    """Return the family of every label: its name up to the first dot; "" where no other label has the same one.

    Example:
        >>> families(["sci.med", "sci.space", "misc.forsale", "trade"])
        ['sci', 'sci', '', '']
    """
    found = [match[1] if (match := re.fullmatch(r"(\w+)\.\S+", label)) else "" for label in labels]
    size = Counter(found)
    return [family if size[family] > 1 else "" for family in found]


def by_family(labels: Sequence[str]) -> list[str]:
    """Return labels by family, then by name, those without a family last; as they came if no label has one.

    Example:
        >>> by_family(["trade", "sci.space", "sci.med"])
        ['sci.med', 'sci.space', 'trade']
    """
    family = dict(zip(labels, families(labels), strict=True))
    return sorted(family, key=lambda label: (not family[label], label)) if any(family.values()) else list(family)


def means(matrix: pd.DataFrame) -> str:
    """Return the mean distance of two classes inside a family and of all others, and which is larger, in words.

    Args:
        matrix: distances, its index and columns the same labels.
    """
    family, values = np.array(families(matrix.index)), matrix.to_numpy()
    others = ~np.eye(len(family), dtype=bool)
    inside = (family[:, None] == family) & (family != "") & others
    if not inside.any() or (inside == others).all():
        return f"mean distance of two classes: {values[others].mean():.2f}"
    within, across = values[inside].mean(), values[others & ~inside].mean()
    verdict = "larger" if within > across else "not larger"
    return f"mean distance: {within:.2f} inside a family, {across:.2f} else: {verdict} inside families"


def _measured(study: Study) -> tuple[str, pd.DataFrame]:
    """Return what is drawn, as a heading, and its rows of `study.label_distances`; none where there are none."""
    found = study.label_distances[study.label_distances.method == CLALD.method]
    datasets = sorted(study.datasets(PAPER), key=lambda dataset: study.printed_as(dataset, PAPER) != PRINTED)
    for dataset in datasets:
        for model, encoder in base_models(study).items():
            part = found[(found.dataset == dataset) & (found.encoder == encoder)]
            if len(part):
                return f"{study.title('datasets', dataset)}, {model}", part
    return "", found.iloc[:0]


def _draw(ax: Axes, matrix: pd.DataFrame) -> None:
    lowest = min(1.0, matrix.to_numpy().min())
    shades = {"cmap": "Greys", "vmin": lowest, "vmax": max(matrix.to_numpy().max(), lowest + 0.1)}
    bar = {"label": "label distance", "shrink": 0.8}
    names = [label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…" for label in matrix.index]
    seaborn.heatmap(matrix, ax=ax, square=True, xticklabels=names, yticklabels=names, cbar_kws=bar, **shades)
    ax.grid(visible=False)
    size = min(TICKS, 0.5 * WIDTH * 72 / len(matrix))
    ax.tick_params(length=0, labelsize=size)
    ax.tick_params(axis="x", rotation=90)
    ax.tick_params(axis="y", rotation=0)
    family = np.array(families(matrix.index))
    for name in dict.fromkeys(family[family != ""]):
        start, count = np.flatnonzero(family == name)[0], np.count_nonzero(family == name)
        box = {"fill": False, "edgecolor": style.VERMILLION, "linewidth": 1.5, "clip_on": False}
        ax.add_patch(Rectangle((start, start), count, count, **box))
