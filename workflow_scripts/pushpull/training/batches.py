"""Batches of a tokenised corpus in a fixed order, made by a thread while the step before them runs."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pushpull.encoders.tokens import Tokens

Batch = dict[str, Tensor | np.ndarray]


class Corpus(NamedTuple):
    """Tokenised documents with their label sets: `labels` float32 [documents, L], `ids` for messages."""

    tokens: Tokens
    labels: np.ndarray
    ids: list[str]


def steps_per_epoch(documents: int, batch_size: int, whole_batches: bool) -> int:
    """Batches of an epoch; contrastive training drops an incomplete last one (ABALONE, released code)."""
    whole, rest = divmod(documents, batch_size)
    return max(1, whole + bool(rest and not whole_batches))


def epoch_order(documents: int, seed: int, epoch: int) -> np.ndarray:
    """The order of documents in an epoch, a pure function of seed and epoch."""
    return torch.randperm(documents, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch)).numpy()


def rows_of_steps(documents: int, batch_size: int, seed: int, per_epoch: int, steps: range) -> Iterator[np.ndarray]:
    """The documents of each step, int64 [batch_size] or fewer at the end of an epoch."""
    for step in steps:
        epoch, position = divmod(step, per_epoch)
        if position == 0 or step == steps.start:
            order = epoch_order(documents, seed, epoch)
        yield order[position * batch_size : (position + 1) * batch_size]


@contextmanager
def batches(
    objective: nn.Module, corpus: Corpus, rows: Iterable[np.ndarray], device: str
) -> Iterator[Iterator[tuple[np.ndarray, Batch]]]:
    """Iterate over rows and their batch on the host, each made by a thread while the one before it is in use.

    A batch has `input_ids` and `attention_mask` [B, T], `lengths` [B], `labels` [B, L], and what the objective's
    `prepare` adds. For a GPU it is in pinned memory, from which copying does not wait.
    """

    def make() -> tuple[np.ndarray, Batch] | None:
        if (chosen := next(remaining, None)) is None:
            return None
        batch = corpus.tokens.batch(chosen) | {"labels": torch.from_numpy(corpus.labels[chosen])}
        if hasattr(objective, "prepare"):
            batch |= objective.prepare(batch["labels"])
        if device == "cuda":
            batch |= {name: part.pin_memory() for name, part in batch.items() if isinstance(part, Tensor)}
        return chosen, batch

    def taken() -> Iterator[tuple[np.ndarray, Batch]]:
        following = thread.submit(make)
        while (made := following.result()) is not None:
            following = thread.submit(make)
            yield made

    remaining = iter(rows)
    with ThreadPoolExecutor(1) as thread:
        yield taken()


def to_device(batch: Batch, device: str) -> tuple[Batch, Tensor]:
    """Batch and labels on the device; nobody waits for the copies."""
    batch = {
        name: part.to(device, non_blocking=True) if isinstance(part, Tensor) else part for name, part in batch.items()
    }
    return batch, batch.pop("labels")
