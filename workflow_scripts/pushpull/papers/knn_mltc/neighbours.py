"""Figure 3 of kNN-MLTC: a test document among its nearest neighbours."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pushpull.papers.knn_mltc.rows import CL, MODEL, PAPER, base_models
from pushpull.tables import style
from pushpull.tables.study import Study
from pushpull.tables.style import WIDTH, house_style, nothing_to_draw, say

SHARES = {
    "all": (style.VERMILLION, "o"),
    "half or more": (style.BLUE, "s"),
    "fewer than half": (style.SKY, "^"),
    "none": (style.GREY, "X"),
}
"""Colour and marker by the share of the test document's labels that a neighbour has."""
PANELS = {MODEL.method: "without CL", CL.method: "with CL"}
EDGE = {"markeredgecolor": "white", "markeredgewidth": 0.5}


def figure3(study: Study) -> Figure:
    """Draw a test document (star) and its neighbours by t-SNE, without and with contrastive term.

    A row of panels per dataset, of the base model CNN where it was measured, else of the first encoder that was.
    """
    datasets = study.datasets(PAPER)
    with house_style():
        if not datasets:
            return nothing_to_draw(f"study {study.name} has no run for kNN-MLTC")
        figure = Figure(figsize=(WIDTH, 2.7 * len(datasets) + 0.4), layout="constrained")
        axes = figure.subplots(len(datasets), 2, squeeze=False)
        for line, dataset in zip(axes, datasets, strict=True):
            model, found = _measured(study, dataset)
            for ax, (method, words) in zip(line, PANELS.items(), strict=True):
                ax.set_title(f"{study.title('datasets', dataset)}, {model}: {words}" if model else "", loc="left")
                _draw(ax, found[found.method == method], f"no neighbours were placed for method {method}")
        figure.legend(handles=_legend(), loc="outside lower center", ncols=5)
    return figure


def _measured(study: Study, dataset: str) -> tuple[str, pd.DataFrame]:
    """Return the base model to draw and its rows of `study.neighbourhoods`; "" and no rows where there are none."""
    of_dataset = study.neighbourhoods[study.neighbourhoods.dataset == dataset]
    for model, encoder in base_models(study).items():
        found = of_dataset[of_dataset.encoder == encoder]
        if len(found):
            return model, found
    return "", of_dataset


def shares(neighbours: pd.DataFrame, labels: int) -> np.ndarray:
    """Return for each neighbour which of `SHARES` it belongs to, by the `labels` of the test document, at least 1."""
    share = neighbours.shared.to_numpy() / labels
    return np.select([share >= 1, share >= 0.5, share > 0], list(SHARES)[:3], "none")


def _draw(ax: Axes, points: pd.DataFrame, reason: str) -> None:
    if points.empty:
        say(ax, [reason])
        return
    document, neighbours = points[points["rank"] == 0], points[points["rank"] > 0]
    colours, markers = ({name: look[part] for name, look in SHARES.items()} for part in range(2))
    kind = shares(neighbours, document.labels.item())
    look = {"hue": kind, "style": kind, "palette": colours, "markers": markers, "s": 22, "legend": False}
    seaborn.scatterplot(neighbours, x="x", y="y", ax=ax, **look)
    ax.plot(document.x, document.y, "*", color=style.BLACK, markersize=13, **EDGE)
    shared, total = neighbours.shared.sum(), neighbours.labels.sum()
    ax.set(xlabel=f"{shared} of {total} labels shared", ylabel="", xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color="#CCCCCC")


def _legend() -> list[Line2D]:
    star = Line2D([], [], linestyle="", marker="*", color=style.BLACK, markersize=10, label="test document", **EDGE)
    kinds = [
        Line2D([], [], linestyle="", marker=marker, color=colour, label=f"shares {name}", **EDGE)
        for name, (colour, marker) in SHARES.items()
    ]
    return [star, *kinds]
