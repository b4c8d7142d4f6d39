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
        """Map [..., h] to unit vectors [..., d]."""
        # In float32 under autocast too: a norm in bf16 is off by a thousandth, and the softmax is sharp.
        return F.normalize(self.output(F.relu(self.hidden(vectors))).float(), dim=-1)


class Prototypes(nn.Module):
    """One trainable vector a label, normalised at use (ABALONE, section 3.3)."""

    def __init__(self, labels: int, projection: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(labels, projection)))

    def forward(self) -> Tensor:
        """Unit vectors [L, d]."""
        return F.normalize(self.weight, dim=1)


class LabelAttention(nn.Module):
    """One attention query a label over the token states: a text vector for each label (Dao et al.)."""

    def __init__(self, width: int, labels: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(nn.init.xavier_uniform_(torch.empty(labels, width)))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Map states [B, T, h] with mask [B, T] (0: padding) to label vectors [B, L, h]."""
        scores = torch.einsum("bth,lh->blt", states, self.queries) / states.shape[2] ** 0.5
        scores = scores.float().masked_fill(mask[:, None] == 0, -torch.inf)
        return scores.softmax(2).to(states) @ states


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
