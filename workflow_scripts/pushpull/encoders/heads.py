"""The small trainable parts on top of an encoder."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ProjectionHead(nn.Module):
    """Linear h -> h, ReLU, linear h -> d, then L2 normalisation (ABALONE, section 3.1); dropped after training."""

    def __init__(self, width: int, projection: int) -> None:
        super().__init__()
        self.hidden = _xavier(nn.Linear(width, width))
        self.output = _xavier(nn.Linear(width, projection))

    def forward(self, vectors: Tensor) -> Tensor:
        """Map [B, h] to unit vectors [B, d]."""
        return F.normalize(self.output(F.relu(self.hidden(vectors))), dim=1)


class Prototypes(nn.Module):
    """One trainable vector a label, normalised at use (ABALONE, section 3.3)."""

    def __init__(self, labels: int, projection: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(labels, projection)))

    def forward(self) -> Tensor:
        """Unit vectors [L, d]."""
        return F.normalize(self.weight, dim=1)


class Classifier(nn.Module):
    """Dropout and one linear layer to the labels."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = _xavier(nn.Linear(width, labels))

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits [B, L] of text vectors [B, h]."""
        return self.linear(self.dropout(vectors))


def _xavier(linear: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
