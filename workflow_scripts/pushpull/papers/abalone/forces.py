"""The computed toy example of ABALONE's Figure 1: what the real losses do to the references of an anchor."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pushpull.losses.contrastive import jaccard, msc

TEMPERATURE = 0.5
BETA = 0.1
LABELS = ("frequent", "rare", "other")
FREQUENT, RARE, OTHER = range(3)


class Reference(NamedTuple):
    """A point on the unit circle, at `angle` degrees; kind is "document", "queue" or "prototype"."""

    angle: float
    label: int
    kind: str


class Panel(NamedTuple):
    """An anchor (at 90 degrees) with its labels, its references, and what a loss does to them.

    `pull` is positive for attraction and negative for repulsion, one per reference; `share` is the part of
    the attraction weights that falls to references with each of `LABELS`.
    """

    anchor_labels: tuple[int, ...]
    references: list[Reference]
    pull: list[float]
    share: list[float]


ANCHOR = 90.0
PROTOTYPES = [
    Reference(225, FREQUENT, "prototype"),
    Reference(330, RARE, "prototype"),
    Reference(188, OTHER, "prototype"),
]
LACKING = [
    *(Reference(angle, FREQUENT, "document") for angle in (15, 50, 207, 265)),
    *(Reference(angle, OTHER, "document") for angle in (125, 165)),
    Reference(290, FREQUENT, "queue"),
    Reference(352, RARE, "queue"),
]
"""No document of the batch shares the anchor's rare label, one key of the queue does."""

DOMINATED = [
    *(Reference(angle, FREQUENT, "document") for angle in (120, 152, 206, 250)),
    Reference(60, OTHER, "document"),
    Reference(20, RARE, "document"),
    *(Reference(angle, FREQUENT, "queue") for angle in (272, 295)),
]
"""Many references share the anchor's frequent label, one document its rare label."""


def panels() -> dict[str, Panel]:
    """Return the four panels of Figure 1, by title."""
    batch = [reference for reference in LACKING if reference.kind == "document"]
    return {
        "(a) Base, batch only": act("base", (RARE,), batch),
        "(a) Base + queue + prototypes": act("base", (RARE,), LACKING + PROTOTYPES),
        "(b) Base + queue + prototypes": act("base", (FREQUENT, RARE), DOMINATED + PROTOTYPES),
        "(b) proposed loss, MSC": act("msc", (FREQUENT, RARE), DOMINATED + PROTOTYPES),
    }


def act(loss: str, anchor_labels: tuple[int, ...], references: Sequence[Reference]) -> Panel:
    """Return the force of a loss on the similarity of the anchor to each reference.

    The force is minus the gradient: weight minus softmax(s + log g) (ABALONE, equations 1-3), with cosine
    similarity over temperature 0.5, and beta 0.1 for the proposed loss, 1 for the baseline. An anchor without
    a positive has no loss, hence no force.

    Args:
        loss: "base" (Jaccard weights) or "msc".
        anchor_labels: indices into `LABELS`.
        references: prototypes last, one for each of `LABELS` in any order, or none.
    """
    texts = [reference for reference in references if reference.kind != "prototype"]
    prototypes = sorted((r for r in references if r.kind == "prototype"), key=lambda r: r.label)
    ordered = texts + prototypes
    exclude = torch.zeros(1, len(texts), dtype=torch.bool)
    contrast, beta = {"base": (jaccard, 1.0), "msc": (msc, BETA)}[loss]
    text_labels = _multi_hot([[reference.label] for reference in texts])
    found = contrast(_multi_hot([anchor_labels]), text_labels, exclude, bool(prototypes))
    weights, gain = found.weights[0], found.log_gain[0]
    gain[: len(texts)] += math.log(beta)
    cosine = torch.tensor([math.cos(math.radians(ANCHOR - reference.angle)) for reference in ordered])
    pull = (weights - torch.softmax(cosine / TEMPERATURE + gain, 0)) * (weights.sum() > 0)
    share = weights @ _multi_hot([[reference.label] for reference in ordered])
    return Panel(anchor_labels, ordered, pull.tolist(), share.tolist())


def _multi_hot(label_sets: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor([[float(label in labels) for label in range(len(LABELS))] for labels in label_sets])
