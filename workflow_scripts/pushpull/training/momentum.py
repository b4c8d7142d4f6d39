"""Momentum encoder and queue of keys (ABALONE, section 3.1 and algorithm 1, after MoCo)."""

import torch
from torch import Tensor, nn


class Queue(nn.Module):
    """First-in first-out store of keys and their label sets, without gradient; starts empty.

    Buffers `keys` [K, d] and `labels` [K, L]; `following`, the next slot, and `fill` are numbers of the host, which
    would wait for a GPU to tell them. All are in the state dict, so that a checkpoint holds them.
    """

    def __init__(self, size: int, projection: int, labels: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(size, projection))
        self.register_buffer("labels", torch.zeros(size, labels))
        self.following = self.fill = 0

    def get_extra_state(self) -> Tensor:
        """`following` and `fill`, int64 [2]."""
        return torch.tensor([self.following, self.fill])

    def set_extra_state(self, state: Tensor) -> None:
        """Take what `get_extra_state` gave."""
        self.following, self.fill = state.tolist()

    def filled(self) -> tuple[Tensor, Tensor]:
        """Keys [F, d] and label sets [F, L] of the slots in use."""
        return self.keys[: self.fill], self.labels[: self.fill]

    @torch.no_grad()
    def push(self, keys: Tensor, labels: Tensor) -> None:
        """Store the newest keys in place of the oldest; of more keys than slots, the last ones stay."""
        size = len(self.keys)
        keys, labels = keys[-size:], labels[-size:]
        slots = (self.following + torch.arange(len(keys), device=keys.device)) % size
        self.keys[slots] = keys.to(self.keys)
        self.labels[slots] = labels.to(self.labels)
        self.following, self.fill = (self.following + len(keys)) % size, min(size, self.fill + len(keys))


@torch.no_grad()
def follow(target: nn.Module, source: nn.Module, momentum: float) -> None:
    """Exponential moving average, theta_target = m theta_target + (1 - m) theta_source, in float32.

    A step of 0.001 of a bfloat16 weight would be lost to rounding every time.
    """
    old, new = list(target.parameters()), list(source.parameters())
    if old:  # an identity in place of a head has none
        torch._foreach_lerp_(old, [parameter.detach() for parameter in new], 1.0 - momentum)
