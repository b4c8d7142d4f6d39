"""Momentum encoder and queue of keys (ABALONE, section 3.1 and algorithm 1, after MoCo)."""

import torch
from torch import Tensor, nn


class Queue(nn.Module):
    """First-in first-out store of keys and their label sets, without gradient; starts empty.

    All state is in buffers, so that a checkpoint holds it: `keys` [K, d], `labels` [K, L], `state` = (next slot, fill).
    """

    def __init__(self, size: int, projection: int, labels: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(size, projection))
        self.register_buffer("labels", torch.zeros(size, labels))
        self.register_buffer("state", torch.zeros(2, dtype=torch.int64))

    def filled(self) -> tuple[Tensor, Tensor]:
        """Keys [F, d] and label sets [F, L] of the slots in use."""
        fill = int(self.state[1])
        return self.keys[:fill], self.labels[:fill]

    @torch.no_grad()
    def push(self, keys: Tensor, labels: Tensor) -> None:
        """Store the newest keys in place of the oldest; of more keys than slots, the last ones stay."""
        size = len(self.keys)
        keys, labels = keys[-size:], labels[-size:]
        start, fill = self.state.tolist()
        slots = (start + torch.arange(len(keys), device=keys.device)) % size
        self.keys[slots] = keys.to(self.keys)
        self.labels[slots] = labels.to(self.labels)
        self.state.copy_(torch.tensor([(start + len(keys)) % size, min(size, fill + len(keys))]))


@torch.no_grad()
def follow(target: nn.Module, source: nn.Module, momentum: float) -> None:
    """Exponential moving average, theta_target = m theta_target + (1 - m) theta_source, in float32.

    A step of 0.001 of a bfloat16 weight would be lost to rounding every time.
    """
    old, new = list(target.parameters()), list(source.parameters())
    if old:  # an identity in place of a head has none
        torch._foreach_lerp_(old, [parameter.detach() for parameter in new], 1.0 - momentum)
