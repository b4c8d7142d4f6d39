"""Objectives by kind of method, as `kinds.KINDS` names them.

An objective is an encoder with heads and a loss, as one module with one forward pass per step. It has
`forward(batch, labels) -> loss`, `after_step(batch, labels)` (what follows the optimiser), `validation_sums` and
`validation_scores` (of fixed batches), `after_epoch`, `epoch_forces`, and `compares_documents`: whether the loss
depends on which documents share a batch. What must be counted in the labels it may count in `prepare(labels)`, on the
host and ahead: further tensors of the batch. Nothing of a step reads a number back from the device. All its state is in
its state dict, which is a whole checkpoint.
"""

from collections.abc import Callable
from importlib import import_module

from pushpull.kinds import KINDS


def load(kind: str) -> Callable:
    """Return the class (encoder, number of labels, settings) -> objective of a kind of method."""
    module, name = KINDS[kind].objective.split(":")
    return getattr(import_module(module), name)
