"""Figure 1 of Push and Pull: how much validation text thresholds need, and what training does to them."""

from textwrap import fill

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator

from pushpull.papers.push_pull.rows import PAPER, RULES, UNTRAINED, embedded_rows, text_models
from pushpull.tables import style
from pushpull.tables.cells import chosen_runs
from pushpull.tables.rows import Row
from pushpull.tables.study import Study
from pushpull.tables.style import DASH_DOTTED, DASHED, DOTTED, SOLID, WIDTH, house_style, nothing_to_draw, say

LINES = {
    "one": (style.GREY, DOTTED, "o"),
    "per_label": (style.BLUE, SOLID, "s"),
    "exact": (style.VERMILLION, DASHED, "D"),
    "folds": (style.GREEN, DASH_DOTTED, "^"),
    "shrunk": (style.PURPLE, (8, 1.6), "v"),
}
"""Colour, dashes and marker of the threshold rules."""
MARKS = {
    "untrained": {"marker": "o", "markerfacecolor": "none", "markeredgecolor": style.GREY, "markeredgewidth": 0.8},
    "trained": {"marker": "^", "markerfacecolor": style.BLACK, "markeredgecolor": "white", "markeredgewidth": 0.3},
}
"""How the thresholds of the labels are drawn."""

NOT_TRAINED = "no trained encoder was measured"

Shown = tuple[str, str, Row]
"""Name of an encoder, its key, and the row that is shown of it."""


def figure1(study: Study) -> Figure:
    """Draw macro-F1 against the number of validation documents, and thresholds against label frequency."""
    datasets = study.datasets(PAPER)
    rules, marks = set(), set()
    with house_style():
        if not datasets:
            return nothing_to_draw(f"study {study.name} has no run for Push and Pull")
        figure = Figure(figsize=(WIDTH, 2.4 * len(datasets) + 0.5), layout="constrained")
        for (left, right), dataset in zip(figure.subplots(len(datasets), 2, squeeze=False), datasets, strict=True):
            shown = _best(study, dataset, embedded_rows(study)[1:]) or _best(study, dataset, [UNTRAINED])
            if shown is None:
                say(left, _reasons(study, dataset))
                right.set_axis_off()
                continue
            model, encoder, row = shown
            left.set_title(f"{study.title('datasets', dataset)}\n{model}: {row.name}", loc="left")
            rules |= _draw_curves(left, study, dataset, encoder, row)
            marks |= _draw_thresholds(right, study, dataset, encoder, row)
        figure.legend(handles=_legend(rules, marks), loc="outside lower center", ncols=4, handlelength=4)
    return figure


def _best(study: Study, dataset: str, rows: list[Row]) -> Shown | None:
    """Return the encoder and row with the best validation score that their grid points are chosen by, the first one."""
    scores: dict[Shown, float] = {}
    for model, encoder in text_models(study).items():
        for row in rows:
            found, _ = _values(study, dataset, encoder, row, row.chosen_by, "validation")
            score = found.value[found.metric == row.chosen_metric].mean()
            if score == score:
                scores[model, encoder, row] = score
    return max(scores, key=scores.get) if scores else None


def _values(study: Study, dataset: str, encoder: str, row: Row, protocol: str, split: str) -> tuple[pd.DataFrame, str]:
    """Return the rows of the chosen runs under a protocol, none if there are none, and why there are none."""
    key = (PAPER, dataset, encoder, row.method)
    runs, note = chosen_runs(study, key, row)
    if not runs or key not in study.metrics:
        return pd.DataFrame(columns=["metric", "value"]), note
    metrics = study.metrics[key]
    of_runs = metrics.setting.isin({run["setting"] for run in runs})
    found = metrics[of_runs & (metrics.protocol == protocol) & (metrics.split == split)].dropna(subset="value")
    return found, f"{row.name}: protocol {protocol} has not been measured" if found.empty else ""


def _reasons(study: Study, dataset: str) -> list[str]:
    """Return why a dataset has neither a trained encoder nor an untrained one to show."""
    encoders = text_models(study).values()
    notes = [_values(study, dataset, e, UNTRAINED, UNTRAINED.chosen_by, "validation")[1] for e in encoders]
    return [NOT_TRAINED, *notes]


def _draw_curves(ax: Axes, study: Study, dataset: str, encoder: str, row: Row) -> set[str]:
    """Draw macro-F1 by the number of validation documents, a line per rule; return the rules drawn."""
    parts = []
    for rule in LINES:
        found, _ = _values(study, dataset, encoder, row, f"dbc_{rule}", "test")
        counts = found.metric.str.extract(r"^macro_f1@(all|\d+)$", expand=False)
        parts.append(pd.DataFrame({"rule": rule, "x": counts, "value": 100 * found.value}).dropna())
    every = study.cards[dataset]["splits"]["validation"]["documents"]
    curves = pd.concat(parts, ignore_index=True)
    curves = curves.assign(x=curves.x.replace("all", str(every)).astype(int), value=curves.value.astype(float))
    if curves.empty:
        say(ax, [f"{row.name}: macro-F1 by number of validation documents was not measured"])
        return set()
    colours, dashes, markers = ({rule: look[part] for rule, look in LINES.items()} for part in range(3))
    look = {"hue": "rule", "style": "rule", "palette": colours, "dashes": dashes, "markers": markers}
    band = {"errorbar": ("pi", 100), "err_kws": {"alpha": 0.12, "linewidth": 0}}
    seaborn.lineplot(curves, x="x", y="value", markeredgewidth=0.4, legend=False, ax=ax, **look, **band)
    ax.set(xscale="log", xlabel="validation documents", ylabel="macro-F1 (%)")
    ticks = sorted(curves.x.unique())
    ax.set_xticks(ticks, [f"all\n{tick:,}" if tick == every else str(tick) for tick in ticks])
    ax.minorticks_off()
    return {*curves.rule}


def _draw_thresholds(ax: Axes, study: Study, dataset: str, encoder: str, row: Row) -> set[str]:
    """Draw each label's exact threshold by its training documents, untrained and trained; return what was drawn."""
    frequency = {label["name"]: label["train"] for label in study.cards[dataset]["labels"] if label["train"]}
    sides = {"untrained": UNTRAINED} | ({} if row == UNTRAINED else {"trained": row})
    drawn, missing = set(), [] if len(sides) > 1 else [NOT_TRAINED]
    for side, of_side in sides.items():
        found, note = _values(study, dataset, encoder, of_side, "dbc_exact", "validation")
        found = found[found.metric.str.startswith("threshold@")]
        thresholds = found.groupby(found.metric.str.removeprefix("threshold@")).value.mean()
        points = [(frequency[name], value) for name, value in thresholds.items() if name in frequency]
        if points:
            ax.plot(*zip(*points, strict=True), linestyle="none", markersize=4, **MARKS[side])
            drawn.add(side)
        else:
            missing.append(note or f"{of_side.name}: no thresholds were recorded")
    if not drawn:
        say(ax, missing)
        return drawn
    ax.set(xscale="log", xlabel="training documents with the label", ylabel="threshold (cosine)")
    ax.xaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter=EngFormatter(sep=""))
    ax.minorticks_off()
    ax.set_title("\n".join(fill(reason, 44) for reason in missing), loc="left")
    return drawn


def _legend(rules: set[str], marks: set[str]) -> list[Line2D]:
    """Return a handle for each rule and each sort of threshold that was drawn."""
    lines = [
        Line2D([], [], color=colour, linestyle=(0, dash or (1, 0)), marker=marker, markeredgecolor="white", label=name)
        for rule, (colour, dash, marker) in LINES.items()
        if rule in rules
        for name in [RULES[rule]]
    ]
    return lines + [Line2D([], [], linestyle="none", label=side, **MARKS[side]) for side in MARKS if side in marks]
