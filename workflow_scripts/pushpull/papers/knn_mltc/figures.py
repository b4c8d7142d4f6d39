"""Figures 2 and 4 of kNN-MLTC, and the list of all its figures."""

import math
from itertools import product

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pushpull.papers.knn_mltc.lines import draw_line, legend_of, looks_of
from pushpull.papers.knn_mltc.rows import CL, CL_KNN, KNN, MODEL, PAPER, base_models, neighbours_of
from pushpull.tables import style
from pushpull.tables.cells import chosen_values
from pushpull.tables.study import Study
from pushpull.tables.style import WIDTH, house_style, nothing_to_draw, say

AXES = {"k": "number of neighbours k", "proportion": "proportion of the neighbours λ"}
"""Panels of Figure 2: what the metrics `micro_f1@{name}=` are drawn against."""
MICRO_F1 = "micro-F1 (%)"
LEGEND = {"loc": "outside lower center", "ncols": 6, "handlelength": 3.2}


def figure2(study: Study) -> Figure:
    """Draw micro-F1 against the number of neighbours and against their proportion, one line per base model."""
    datasets = study.datasets(PAPER)
    looks, drawn = looks_of(base_models(study)), set()
    with house_style():
        if not datasets:
            return nothing_to_draw(f"study {study.name} has no run for kNN-MLTC")
        figure = Figure(figsize=(WIDTH, 2.3 * len(datasets) + 0.4), layout="constrained")
        axes = figure.subplots(len(datasets), 2, squeeze=False, sharey="row")
        for line, dataset in zip(axes, datasets, strict=True):
            line[0].set_title(study.title("datasets", dataset), loc="left")
            values, reasons = _by_neighbours(study, dataset)
            for ax, (axis, label) in zip(line, AXES.items(), strict=True):
                part = values[values.axis == axis]
                for model, points in part.groupby("model"):
                    draw_line(ax, points, looks[model])
                if part.empty:
                    say(ax, reasons or [f"micro-F1 by {axis} was not measured"])
                ax.set(xlabel=label, ylabel=MICRO_F1 if axis == "k" else "")
                drawn |= set(part.model)
            _finish_k(line[0], values[values.axis == "k"], looks)
        figure.legend(handles=legend_of(looks, drawn), **LEGEND)
    return figure


def figure4(study: Study) -> Figure:
    """Draw micro-F1 against the weight of the contrastive term, one line per base model, with kNN and without."""
    datasets = study.datasets(PAPER)
    columns = min(2, len(datasets))
    looks, drawn = looks_of(base_models(study)), set()
    with house_style():
        if not datasets:
            return nothing_to_draw(f"study {study.name} has no run for kNN-MLTC")
        rows = math.ceil(len(datasets) / columns)
        figure = Figure(figsize=(WIDTH, 2.3 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for ax, dataset in zip(axes.flat, datasets, strict=False):
            values, reasons = _by_weight(study, dataset)
            weights = sorted(values.weight.unique())
            values = values.assign(x=values.weight.map(weights.index))
            for (model, knn), points in values.groupby(["model", "knn"]):
                draw_line(ax, points, looks[model], dashed=not knn)
            if values.empty:
                say(ax, reasons)
            ax.set(xlabel="weight of the contrastive term γ", ylabel=MICRO_F1)
            ax.set_title(study.title("datasets", dataset), loc="left")
            ax.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights])
            drawn |= set(values.model)
        for ax in axes.flat[len(datasets) :]:
            ax.set_axis_off()
        dashes = {"with kNN": "-", "model alone": "--"}
        handles = [Line2D([], [], color=style.BLACK, linestyle=dash, label=name) for name, dash in dashes.items()]
        figure.legend(handles=[*legend_of(looks, drawn), *handles], **LEGEND)
    return figure


def _finish_k(ax: Axes, values: pd.DataFrame, looks: dict) -> None:
    """Continue the scores of the models alone (k = 0) as dotted lines, and space k by its logarithm."""
    if values.empty:
        return
    for model, score in values[values.x == 0].groupby("model").value.mean().items():
        ax.axhline(score, color=looks[model][0], linestyle=":", linewidth=0.8)
    ax.set_xscale("symlog", base=2, linthresh=1)
    ticks = sorted(values.x.unique())
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xlim(-0.3, 1.3 * ticks[-1])
    ax.minorticks_off()


def _by_neighbours(study: Study, dataset: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the points of Figure 2 as `model, axis, x, value`, percent, and why a model has none."""
    parts, reasons = [pd.DataFrame(columns=["model", "axis", "x", "value"])], []
    for model, encoder in _measured_models(study):
        values, note = chosen_values(study, (PAPER, dataset, encoder, CL.method), neighbours_of(CL_KNN))
        if values is None:
            reasons.append(note)
            continue
        names = values.metric.str.extract(rf"^micro_f1@(?P<axis>{'|'.join(AXES)})=(?P<x>[\d.]+)$")
        points = names.assign(model=model, value=100 * values.value).dropna()
        parts.append(points.astype({"x": float}))
    return _joined(parts), reasons


def _by_weight(study: Study, dataset: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the points of Figure 4 as `model, knn, weight, value`, percent, and why a model has none."""
    parts, reasons = [pd.DataFrame(columns=["model", "knn", "weight", "value"])], []
    for model, encoder in _measured_models(study):
        runs = study.runs.get((PAPER, dataset, encoder, CL.method), [])
        weights = {run["settings"]["contrastive_weight"] for run in runs} - {0}
        for weight, row in [(0, MODEL), (0, KNN), *product(weights, (CL, CL_KNN))]:
            key = (PAPER, dataset, encoder, row.method)
            values, note = chosen_values(study, key, row, preferred={"contrastive_weight": weight})
            if values is None:
                reasons.append(note)
                continue
            score = 100 * values.value[values.metric == "micro_f1"].dropna()
            knn = row.protocol == KNN.protocol
            parts.append(pd.DataFrame({"model": model, "knn": knn, "weight": weight, "value": score}))
    return _joined(parts), reasons


def _measured_models(study: Study) -> list[tuple[str, str]]:
    """Return the base models that an encoder of the study stands for, and the encoder."""
    return [(model, encoder) for model, encoder in base_models(study).items() if encoder]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
