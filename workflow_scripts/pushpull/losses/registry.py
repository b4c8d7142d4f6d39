"""Every loss by name. Plain strings, so that the plan can list the names without importing torch."""

from collections.abc import Callable
from importlib import import_module

# (logits [B, L], labels [B, L]) -> mean loss
SUPERVISED = {
    "bce": "pushpull.losses.supervised:bce",
    "focal": "pushpull.losses.supervised:focal",
    "asymmetric": "pushpull.losses.supervised:asymmetric",
}

# (anchor_labels [B, L], reference_labels [R, L], exclude [B, R], prototypes) -> weights [B, R (+ L)]
CONTRASTIVE = {
    "jaccard": "pushpull.losses.contrastive:jaccard_weights",
    "msc": "pushpull.losses.contrastive:msc_weights",
}


def load(name: str) -> Callable:
    """Return the loss function (supervised) or weight function (contrastive) called `name`."""
    module, function = (SUPERVISED | CONTRASTIVE)[name].split(":")
    return getattr(import_module(module), function)
