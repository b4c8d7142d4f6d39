"""How attraction and repulsion around one anchor are drawn: a circle of points with arrows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch

from pushpull.tables import style

if TYPE_CHECKING:
    # At run time this would import torch.
    from pushpull.papers.abalone.forces import Panel

COLOURS = (style.BLUE, style.VERMILLION, "#A6A6A6")
NAMES = ("frequent label", "rare label", "other label")
MARKERS = {"document": "o", "queue": "s", "prototype": "D"}
ATTRACTION, REPULSION = style.GREEN, style.PURPLE
LENGTH = 0.45
POINTS_PER_FORCE = 11.0
FAINTEST = 0.004


def draw_forces(ax: Axes, panel: Panel) -> None:
    """Draw the anchor, its references on the unit circle, and arrows as wide as the forces are strong.

    Green arrows point to the anchor (attraction), purple ones away from it (repulsion); forces below 0.004
    have none.
    """
    ax.set(aspect="equal", xlim=(-1.55, 1.55), ylim=(-1.5, 1.3))
    ax.axis("off")
    ax.add_patch(Circle((0, 0), 1, fill=False, edgecolor="#CCCCCC", linewidth=0.7))
    for reference, pull in zip(panel.references, panel.pull, strict=True):
        x, y = math.cos(math.radians(reference.angle)), math.sin(math.radians(reference.angle))
        if abs(pull) > FAINTEST:
            ax.add_patch(_arrow(x, y, pull))
        ax.plot(x, y, MARKERS[reference.kind], color=COLOURS[reference.label], markersize=7, zorder=3, **_EDGE)
    first, last = (COLOURS[label] for label in (panel.anchor_labels[0], panel.anchor_labels[-1]))
    fill = {"fillstyle": "full"} if first == last else {"fillstyle": "left", "markerfacecoloralt": last}
    ax.plot(0, 1, "*", markersize=16, zorder=4, color=first, **fill, **_EDGE)
    ax.text(0, 1.17, "anchor", ha="center", va="bottom")
    ax.text(0, 0, _attraction(panel), ha="center", va="center", fontsize=7, linespacing=1.4)


def force_legend() -> list[Line2D]:
    """Return the handles that explain `draw_forces`."""
    labels = [
        Line2D([], [], linestyle="", marker="o", color=colour, markersize=6, label=name, **_EDGE)
        for colour, name in zip(COLOURS, NAMES, strict=True)
    ]
    kinds = [
        Line2D([], [], linestyle="", marker=MARKERS[kind], color="white", markersize=6, label=name, **_DARK)
        for kind, name in (
            ("document", "document of the batch"),
            ("queue", "key of the queue"),
            ("prototype", "label prototype"),
        )
    ]
    forces = [
        Line2D([], [], color=colour, linewidth=2.5, label=name)
        for colour, name in (
            (ATTRACTION, "attraction (width: force)"),
            (REPULSION, "repulsion (width: force)"),
        )
    ]
    return [*labels, *kinds, *forces]


_EDGE = {"markeredgecolor": "white", "markeredgewidth": 0.6}
_DARK = {"markeredgecolor": style.BLACK, "markeredgewidth": 0.8}


def _arrow(x: float, y: float, pull: float) -> FancyArrowPatch:
    """Return an arrow from the point (x, y) towards the anchor at (0, 1) if `pull` is positive, else away."""
    distance = math.hypot(x, 1 - y)
    step = math.copysign(LENGTH / distance, pull)
    width = POINTS_PER_FORCE * abs(pull)
    return FancyArrowPatch(
        (x, y),
        (x - step * x, y + step * (1 - y)),
        arrowstyle="-|>",
        mutation_scale=6 + 1.6 * width,
        linewidth=max(width, 0.5),
        color=ATTRACTION if pull > 0 else REPULSION,
        shrinkA=0,
        shrinkB=0,
        zorder=2,
        joinstyle="miter",
        capstyle="butt",
    )


def _attraction(panel: Panel) -> str:
    """Say how the attraction weights divide among the labels of the anchor."""
    if not any(panel.share):
        return "no positive:\nno attraction,\nno repulsion"
    parts = [f"{100 * panel.share[label]:.0f} % {NAMES[label]}" for label in panel.anchor_labels]
    return "attraction weight\n" + "\n".join(parts)
