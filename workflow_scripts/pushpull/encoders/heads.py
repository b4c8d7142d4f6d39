"""The small trainable parts on top of an encoder."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from pushpull.encoders.encoder import Encoder
from pushpull.files import atomic_path


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
    """Dropout and one linear layer to the labels, in float32 under autocast too: logits in bf16 would tie."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = _xavier(nn.Linear(width, labels))

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        """Logits [B, L] of the text vectors, `sentence_embedding` [B, h] of an encoder's output."""
        vectors = features["sentence_embedding"].to(self.linear.weight)
        with torch.autocast(vectors.device.type, enabled=False):
            return self.linear(self.dropout(vectors))


class LabelClassifier(Classifier):
    """Dropout and one linear layer for each label over the vector of that label (LDGN)."""

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        """Logits [B, L] of the label vectors, `label_vectors` [B, L, h] of an encoder's output."""
        vectors = self.dropout(features["label_vectors"].to(self.linear.weight))
        return (vectors * self.linear.weight).sum(2) + self.linear.bias


def make_classifier(encoder: Encoder, labels: int, dropout: float) -> Classifier:
    """Return a classifier over label vectors where the encoder gives them, else over text vectors."""
    kind = LabelClassifier if getattr(encoder, "gives_label_vectors", False) else Classifier
    return kind(encoder.get_embedding_dimension(), labels, dropout)


def save_classifier(classifier: Classifier, path: Path) -> None:
    """Write `weight` [L, h] and `bias` [L] as safetensors."""
    linear = classifier.linear
    tensors = {"bias": linear.bias, "weight": linear.weight}
    with atomic_path(path) as temporary:
        save_file({name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}, temporary)


def open_classifier(path: Path, encoder: Encoder) -> Classifier:
    """Load what `save_classifier` wrote for this encoder, in eval mode."""
    tensors = load_file(path)
    classifier = make_classifier(encoder, len(tensors["bias"]), dropout=0.0)
    classifier.linear.load_state_dict(tensors)
    return classifier.eval()


def _xavier(linear: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
