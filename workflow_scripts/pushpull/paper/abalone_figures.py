"""Figures 1 and 2 of ABALONE."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from pushpull.paper import figures as style
from pushpull.paper.abalone import PAPER, TEMPERATURE, clustering_rows
from pushpull.paper.cells import chosen_values
from pushpull.paper.figures import WIDTH, house_style
from pushpull.paper.force_drawing import draw_forces, force_legend
from pushpull.paper.printed import printed_values
from pushpull.paper.study import Study
from pushpull.paper.tables import Row

PANELS = (("silhouette", "silhouette ↑"), ("davies_bouldin", "Davies-Bouldin ↓"))
LINES = {
    "pretrained": (style.GREY, ":", "o"),
    "bce": (style.BLACK, "-.", "s"),
    "base": (style.BLUE, "-", "^"),
    "base_ft": (style.BLUE, "--", "^"),
    "msc": (style.VERMILLION, "-", "D"),
    "msc_ft": (style.VERMILLION, "--", "D"),
}
"""Colour, dashes, marker of the paper's encoders: a colour per contrastive loss, dashed once fine-tuned."""
FURTHER = [(colour, dash, "v") for dash in ("-", "--", ":") for colour in (style.GREEN, style.PURPLE, style.SKY)]


def figure1(study: Study) -> Figure:
    """Draw what the losses do to one anchor, as a toy example computed with the real loss weights.

    (a) With a queue and prototypes the anchor has positives that its batch lacks; (b) the proposed loss
    shares attraction evenly between a frequent and a rare label, and weakens the repulsion from texts.
    Nothing in it comes from the study.
    """
    # Only this figure needs torch.
    from pushpull.paper.abalone_forces import panels

    with house_style():
        figure = Figure(figsize=(WIDTH, WIDTH * 1.08), layout="constrained")
        for ax, (title, panel) in zip(figure.subplots(2, 2).flat, panels().items(), strict=True):
            draw_forces(ax, panel)
            ax.set_title(title, fontsize=8)
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
        drawn: set[str] = set()
        for line, (dataset, encoder) in zip(axes, corpora, strict=False):
            quality = _quality(study, rows, dataset, encoder)
            drawn |= set(quality.row)
            for ax, (metric, label) in zip(line, PANELS, strict=True):
                _draw_lines(ax, quality[quality.metric == metric], looks)
                _draw_printed(ax, metric, study.printed_as(dataset, PAPER), looks)
                ax.set_ylabel(label)
                ax.xaxis.set_major_locator(MultipleLocator(20))
            line[0].set_title(_corpus(study, dataset, encoder), loc="left", fontsize=8)
        for ax in axes[-1]:
            ax.set_xlabel("most frequent label sets kept (%)")
        if not drawn:
            reason = f"no clustering quality measured in study {study.name}"
            axes[0, 0].text(0.5, 0.5, reason, ha="center", transform=axes[0, 0].transAxes)
        handles = [_handle(name, *look) for name, look in looks.items() if name in drawn]
        figure.legend(handles=handles, loc="outside lower center", ncols=6, handlelength=3.2)
    return figure


def _quality(study: Study, rows: list[Row], dataset: str, encoder: str) -> pd.DataFrame:
    """Return columns row, metric, share, mean, low, high: over the seeds of the chosen settings."""
    parts = []
    for row in rows:
        values, _ = chosen_values(
            study, (PAPER, dataset, encoder, row.method), row, preferred={"temperature": TEMPERATURE}
        )
        if values is not None:
            name = values.metric.str.split("@", expand=True)
            parts.append(values.assign(row=row.name, metric=name[0], share=name[1].astype(int)))
    if not parts:
        return pd.DataFrame(columns=["row", "metric", "share", "mean", "low", "high"])
    quality = pd.concat(parts).groupby(["row", "metric", "share"], sort=False).value
    return quality.agg(mean="mean", low="min", high="max").dropna().reset_index()


def _draw_lines(ax: Axes, quality: pd.DataFrame, looks: dict[str, tuple[str, str, str]]) -> None:
    for name, part in quality.groupby("row", sort=False):
        part = part.sort_values("share")
        colour, dash, marker = looks[name]
        ax.fill_between(part.share, part.low, part.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(part.share, part["mean"], color=colour, linestyle=dash, marker=marker)


def _draw_printed(ax: Axes, metric: str, dataset: str | None, looks: dict[str, tuple[str, str, str]]) -> None:
    printed = printed_values(PAPER, "table4")
    for cell in printed[(printed.dataset == dataset) & (printed.metric == metric)].itertuples():
        colour, _, marker = looks[cell.row]
        ax.plot(50, cell.value, color=colour, marker=marker, markerfacecolor="white", markersize=6, zorder=3)


def _corpus(study: Study, dataset: str, encoder: str) -> str:
    return f"{study.title('datasets', dataset)}, {study.title('encoders', encoder)}"


def _handle(name: str, colour: str, dash: str, marker: str) -> Line2D:
    return Line2D([], [], color=colour, linestyle=dash, marker=marker, label=name)


FIGURES = {"figure1": figure1, "figure2": figure2}
