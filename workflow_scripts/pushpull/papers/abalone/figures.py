"""Figures 1 and 2 of ABALONE, and the list of all its figures."""

import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from pushpull.papers.abalone.force_drawing import draw_forces, force_legend
from pushpull.papers.abalone.lines import FURTHER, LINES
from pushpull.papers.abalone.rows import PAPER, clustering_rows
from pushpull.tables.cells import chosen_values
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import Row
from pushpull.tables.study import Study
from pushpull.tables.style import WIDTH, house_style

PANELS = (("silhouette", "silhouette ↑"), ("davies_bouldin", "Davies-Bouldin ↓"))


def figure1(study: Study) -> Figure:
    """Draw what the losses do to one anchor, as a toy example computed with the real loss weights.

    (a) With a queue and prototypes the anchor has positives that its batch lacks; (b) the proposed loss
    shares attraction evenly between a frequent and a rare label, and weakens the repulsion from texts.
    Nothing in it comes from the study.
    """
    # Only this figure needs torch.
    from pushpull.papers.abalone.forces import panels

    with house_style():
        figure = Figure(figsize=(WIDTH, WIDTH * 1.05), layout="constrained")
        for ax, (title, panel) in zip(figure.subplots(2, 2).flat, panels().items(), strict=True):
            draw_forces(ax, panel)
            ax.set_title(title)
        figure.legend(handles=force_legend(), loc="outside lower center", ncols=3, columnspacing=2.5)
    return figure


def figure2(study: Study) -> Figure:
    """Draw clustering quality against the share of most frequent label sets kept, one line per encoder.

    One row of panels per dataset and encoder; lines are means over seeds, bands the range of the seeds;
    hollow markers at 50 % are the printed values of Table 4.
    """
    rows = clustering_rows(study)
    corpora = study.corpora(PAPER)
    further = iter(FURTHER * len(rows))
    looks = {row.name: LINES.get(row.method) or next(further) for row in rows}
    with house_style():
        figure = Figure(figsize=(WIDTH, 2.3 * max(1, len(corpora)) + 0.5), layout="constrained")
        axes = figure.subplots(max(1, len(corpora)), 2, squeeze=False, sharex=True)
        handles = {}
        for line, (dataset, encoder) in zip(axes, corpora, strict=False):
            quality = _quality(study, rows, dataset, encoder)
            for ax, (metric, label) in zip(line, PANELS, strict=True):
                handles |= _draw_lines(ax, quality[quality.metric == metric], looks)
                _draw_printed(ax, metric, study.printed_as(dataset, PAPER), looks)
                ax.set(xlabel="", ylabel=label)
                ax.xaxis.set_major_locator(MultipleLocator(20))
            line[0].set_title(study.corpus_title(dataset, encoder), loc="left")
        for ax in axes[-1]:
            ax.set_xlabel("most frequent label sets kept (%)")
        if not handles:
            reason = f"no clustering quality measured in study {study.name}"
            axes[0, 0].text(0.5, 0.5, reason, ha="center", transform=axes[0, 0].transAxes)
        shown = [handles[name] for name in looks if name in handles]
        figure.legend(handles=shown, loc="outside lower center", ncols=6, handlelength=3.2)
    return figure


def _quality(study: Study, rows: list[Row], dataset: str, encoder: str) -> pd.DataFrame:
    """Return the values of the chosen runs, none missing, with columns row, metric, share, value and more."""
    parts = []
    for row in rows:
        values, _ = chosen_values(study, (PAPER, dataset, encoder, row.method), row)
        if values is not None:
            name = values.metric.str.split("@", expand=True)
            parts.append(values.assign(row=row.name, metric=name[0], share=name[1].astype(int)))
    none = pd.DataFrame(columns=["row", "metric", "share", "value"])
    return pd.concat(parts).dropna(subset="value") if parts else none


def _draw_lines(ax: Axes, quality: pd.DataFrame, looks: dict[str, tuple]) -> dict[str, Artist]:
    """Draw per row the mean over seeds and a band from the lowest to the highest; return the legend's handles."""
    if quality.empty:
        return {}
    colours, dashes, markers = ({name: look[part] for name, look in looks.items()} for part in range(3))
    look = {"hue": "row", "style": "row", "palette": colours, "dashes": dashes, "markers": markers}
    band = {"errorbar": ("pi", 100), "err_kws": {"alpha": 0.15, "linewidth": 0}}
    seaborn.lineplot(quality, x="share", y="value", markeredgewidth=0.4, ax=ax, **look, **band)
    ax.get_legend().remove()
    handles, names = ax.get_legend_handles_labels()
    return dict(zip(names, handles, strict=True))


def _draw_printed(ax: Axes, metric: str, dataset: str | None, looks: dict[str, tuple]) -> None:
    printed = printed_values(PAPER, "table4")
    for cell in printed[(printed.dataset == dataset) & (printed.metric == metric)].itertuples():
        colour, _, marker = looks[cell.row]
        ax.plot(50, cell.value, color=colour, marker=marker, markerfacecolor="white", markersize=6, zorder=3)
