"""Every loss by name. Plain strings, so that the plan can list the names without importing torch."""

from collections.abc import Callable
from importlib import import_module

# (logits [B, L], labels [B, L]) -> mean loss
SUPERVISED = {
    "bce": "pushpull.losses.supervised:bce",
    "cross_entropy": "pushpull.losses.supervised:cross_entropy",
    "focal": "pushpull.losses.supervised:focal",
    "asymmetric": "pushpull.losses.supervised:asymmetric",
}

# Of these, the ones that want exactly one label a document
SINGLE_LABEL = ("cross_entropy",)

# (anchor_labels [B, L], reference_labels [R, L], exclude [B, R], prototypes) -> Contrast over R (+ L) references
CONTRASTIVE = {
    "supcon": "pushpull.losses.contrastive:supcon",
    "jaccard": "pushpull.losses.contrastive:jaccard",
    "msc": "pushpull.losses.contrastive:msc",
    "jscl": "pushpull.losses.related:jscl",
    "jscl_released": "pushpull.losses.related:jscl_released",
    "shared_labels": "pushpull.losses.shared_labels:shared_labels",
    "shared_or_not": "pushpull.losses.shared_labels:shared_or_not",
}

# (vectors [B, L, d], positives [2, P], temperature) -> loss
LABEL_WISE = {"mulcon": "pushpull.losses.related:mulcon"}

# (cosines [B, L], labels [B, L], **options) -> loss; of texts_and_labels, unit vectors of texts and label texts first
TEXT_LABEL = {
    "text_to_label": "pushpull.losses.text_label:text_to_label",
    "text_to_label_decoupled": "pushpull.losses.text_label:text_to_label_decoupled",
    "texts_and_labels": "pushpull.losses.texts_and_labels:texts_and_labels",
    "margin": "pushpull.losses.text_label:margin",
    "cosine_bce": "pushpull.losses.text_label:cosine_bce",
}

# Settings that a loss of text and label vectors takes as options
OPTIONS = {
    "text_to_label": ("temperature",),
    "text_to_label_decoupled": ("temperature",),
    "texts_and_labels": ("temperature", "negative_weight"),
    "margin": ("margin",),
    "cosine_bce": (),
}

LOSSES = {
    "": {},
    "supervised": SUPERVISED,
    "contrastive": CONTRASTIVE,
    "label_wise": LABEL_WISE,
    "text_label": TEXT_LABEL,
}
"""By the family that `kinds.KINDS` names: the losses that a kind of method takes."""


def load(name: str) -> Callable:
    """Return the loss called `name`."""
    module, function = (SUPERVISED | CONTRASTIVE | LABEL_WISE | TEXT_LABEL)[name].split(":")
    return getattr(import_module(module), function)
