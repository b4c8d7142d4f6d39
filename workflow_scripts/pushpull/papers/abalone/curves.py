"""Figures of ABALONE's appendices E and F: what training does, epoch by epoch."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pushpull.papers.abalone.lines import LINES
from pushpull.papers.abalone.rows import BASE, MSC, MULCON, MULCON_ALONE, PAPER
from pushpull.tables import style
from pushpull.tables.cells import chosen_runs
from pushpull.tables.rows import Row
from pushpull.tables.study import Study
from pushpull.tables.style import DASHED, DOTTED, SOLID, WIDTH, house_style, say

THIRDS = {"head": (SOLID, "o"), "middle": (DASHED, "s"), "tail": (DOTTED, "^")}
"""Dashes and marker of the labels by training frequency."""
FEW = 15
"""Up to so many epochs are marked one by one: a single one is no line."""


def figure_forces(study: Study) -> Figure:
    """Draw attraction and repulsion by epoch, for thirds of the labels by frequency (ABALONE, appendix E).

    A row of panels per dataset and encoder. Colour is the method, the baseline and the proposed loss, which are the two
    ends of the ladder; dashes are the third.
    """
    colours = {row: LINES[row.method][0] for row in (BASE, MSC)}
    panels = {"attraction": "attraction ↓", "repulsion": "repulsion ↓"}
    thirds = [
        Line2D([], [], color=style.BLACK, linestyle=(0, dash or (1, 0)), marker=marker, label=f"{third} labels")
        for third, (dash, marker) in THIRDS.items()
    ]
    return _by_epoch(study, colours, panels, THIRDS, thirds)


def figure_collapse(study: Study) -> Figure:
    """Draw the spread of label vectors and the training loss by epoch, with BCE and without (ABALONE, appendix F)."""
    colours = {MULCON: style.GREEN, MULCON_ALONE: style.PURPLE}
    panels = {"label_spread": "label spread", "training_loss": "training loss"}
    figure = _by_epoch(study, colours, panels, {"": (SOLID, "o")})
    for ax in figure.axes[::2]:
        if ax.lines:
            ax.set_ylim(bottom=0)
    return figure


def _by_epoch(
    study: Study,
    colours: Mapping[Row, str],
    panels: Mapping[str, str],
    parts: Mapping[str, tuple],
    handles: Sequence[Line2D] = (),
) -> Figure:
    """Return a figure with a row per dataset and encoder, and a panel for each of `panels`, {name: axis label}.

    A curve of panel p is recorded as p@epoch or as p_part@epoch, with a part of `parts`, {part: (dashes, marker)}.
    """
    corpora = study.corpora(PAPER)
    palette, drawn = {row.name: colour for row, colour in colours.items()}, set()
    with house_style():
        figure = Figure(figsize=(WIDTH, 2.1 * len(corpora) + 0.5), layout="constrained")
        axes = figure.subplots(len(corpora), len(panels), squeeze=False)
        for line, (dataset, encoder) in zip(axes, corpora, strict=True):
            curves, reasons = _curves(study, list(colours), dataset, encoder, panels)
            for ax, (panel, label) in zip(line, panels.items(), strict=True):
                _draw(ax, curves[curves.panel == panel], palette, parts, reasons or [f"{panel} was not recorded"])
                ax.set(xlabel="epoch", ylabel=label)
            line[0].set_title(study.corpus_title(dataset, encoder), loc="left")
            drawn |= set(curves.row)
        methods = [Line2D([], [], color=colour, label=name) for name, colour in palette.items() if name in drawn]
        figure.legend(handles=[*methods, *handles], loc="outside lower center", ncols=5, handlelength=3.2)
    return figure


def _curves(
    study: Study, rows: Sequence[Row], dataset: str, encoder: str, panels: Mapping[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return what training recorded of the chosen runs as `row, panel, part, epoch, value`, and why a row has none."""
    parts, reasons = [pd.DataFrame(columns=["row", "panel", "part", "epoch", "value"])], []
    for row in rows:
        key = (PAPER, dataset, encoder, row.method)
        runs, note = chosen_runs(study, key, row)
        if not runs:
            reasons.append(note)
            continue
        metrics = study.metrics[key]
        found = metrics[(metrics.protocol == "training") & metrics.setting.isin({run["setting"] for run in runs})]
        names = found.metric.str.extract(rf"^(?P<panel>{'|'.join(panels)})_?(?P<part>.*)@(?P<epoch>\d+)$")
        curves = names.assign(row=row.name, value=found.value).dropna()
        if curves.empty:
            reasons.append(f"method {row.method}: not recorded by its training")
        parts.append(curves.astype({"epoch": int}))
    return _of_most_labels(pd.concat([part for part in parts if len(part)] or parts[:1])), reasons


def _of_most_labels(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the curves less the epochs for which a third has a value for fewer than half of its labels."""
    shares = curves[curves.part.str.startswith("labels_")]
    shares = shares.groupby(["row", "panel", "part", "epoch"]).value.mean()
    few = {(row, panel, part.removeprefix("labels_"), epoch) for row, panel, part, epoch in shares[shares < 0.5].index}
    places = zip(curves.row, curves.panel, curves.part, curves.epoch, strict=True)
    return curves[pd.Series([place not in few for place in places], curves.index, dtype=bool)]


def _draw(
    ax: Axes, curves: pd.DataFrame, palette: Mapping[str, str], parts: Mapping[str, tuple], reasons: Sequence[str]
) -> None:
    """Draw per row and part the mean over seeds and a band from the lowest to the highest; or say why there is none."""
    curves = curves[curves.part.isin(parts)]
    if curves.empty:
        say(ax, reasons)
        return
    dashes, markers = ({part: look[n] for part, look in parts.items()} for n in range(2))
    look = {"hue": "row", "palette": palette, "style": "part", "dashes": dashes}
    marks = {"markers": markers, "markersize": 4, "markeredgewidth": 0.3} if curves.epoch.nunique() <= FEW else {}
    band = {"errorbar": ("pi", 100), "err_kws": {"alpha": 0.12, "linewidth": 0}}
    seaborn.lineplot(curves, x="epoch", y="value", legend=False, ax=ax, **look, **marks, **band)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
