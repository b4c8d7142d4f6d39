"""Attraction and repulsion of every label during contrastive training (ABALONE, appendix E, after Graf et al.)."""

import torch
from torch import Tensor, nn


class Forces(nn.Module):
    """Sums over the batches of an epoch, in a buffer, so that a checkpoint holds them.

    For label j with members B_j in a batch: S_att = minus the mean cosine of two members, S_rep = the mean cosine of a
    member and a document without j. Pairs of all batches weigh the same.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        # Rows: sum of cosines within, pairs within, sum of cosines across, pairs across.
        self.register_buffer("sums", torch.zeros(4, labels, dtype=torch.float64))

    @torch.no_grad()
    def observe(self, vectors: Tensor, labels: Tensor) -> None:
        """Count a batch: unit vectors [B, d] and multi-hot labels [B, L]. No tensor of pairs is made."""
        vectors, labels = vectors.double(), labels.double()
        members = labels.sum(0)
        total = labels.T @ vectors
        within = (total**2).sum(1) - labels.T @ (vectors**2).sum(1)
        across = (total * (vectors.sum(0) - total)).sum(1)
        self.sums += torch.stack([within, members * (members - 1), across, members * (len(labels) - members)])

    def drain(self) -> dict[str, list[float | None]]:
        """`attraction` and `repulsion` of each label since the last call, in [-1, 1]; None where no pair was seen."""
        within, pairs, across, strangers = self.sums.tolist()
        self.sums.zero_()
        return {"attraction": _ratios([-value for value in within], pairs), "repulsion": _ratios(across, strangers)}


def _ratios(sums: list[float], counts: list[float]) -> list[float | None]:
    return [round(a / b, 6) if b else None for a, b in zip(sums, counts, strict=True)]
