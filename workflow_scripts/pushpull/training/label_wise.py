"""Label-specific vectors trained with MulCon and binary cross-entropy (ABALONE, appendix F; Dao et al.)."""

import torch
from torch import Tensor, nn

from pushpull.encoders.encoder import Encoder
from pushpull.encoders.heads import LabelAttention, ProjectionHead
from pushpull.losses import registry
from pushpull.losses.supervised import bce


class LabelWise(nn.Module):
    """Encoder whose token states are pooled once for each label; MulCon on the projections, BCE on a logit a label.

    The loss is MulCon + `bce_weight` x BCE. With `bce_weight: 0` MulCon is alone, and its minimum is a constant vector
    for each label: `label_spread` shows whether that is where training goes.
    """

    compares_documents = True

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__()
        width = encoder.get_embedding_dimension()
        self.encoder, self.settings = encoder, settings
        self.attention = LabelAttention(width, labels)
        self.head = ProjectionHead(width, settings["projection"])
        self.logits = nn.Parameter(nn.init.xavier_uniform_(torch.empty(labels, width)))
        self.bias = nn.Parameter(torch.zeros(labels))
        self.loss = registry.load(settings["loss"])

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Loss of a batch, with what `prepare` added; labels multi-hot [B, L]."""
        return self._loss(*self._vectors(batch), labels, batch["positives"])

    def prepare(self, labels: Tensor) -> dict[str, Tensor]:
        """`positives`, the row and label of each 1 in `labels`, int64 [2, P]; a GPU would be asked how many."""
        return {"positives": labels.nonzero().T.contiguous()}

    def _vectors(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits [B, L] and unit vectors [B, L, d]."""
        pooled = self.attention(self.encoder.token_states(batch), batch["attention_mask"])
        logits = (pooled * self.logits).sum(2) + self.bias
        return logits.float(), self.head(pooled).float()

    def _loss(self, logits: Tensor, vectors: Tensor, labels: Tensor, positives: Tensor) -> Tensor:
        with torch.autocast(vectors.device.type, enabled=False):
            contrast = self.loss(vectors, positives, self.settings["temperature"])
        return contrast + self.settings["bce_weight"] * bce(logits, labels)

    def after_step(self, batch: dict[str, Tensor], labels: Tensor) -> None:
        """Nothing follows the optimiser."""

    def validation_sums(self, batch: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Loss x documents, and the sum over documents of the unit vectors [L, d]."""
        logits, vectors = self._vectors(batch)
        loss = self._loss(logits, vectors, labels, batch["positives"])
        return {"loss": loss * len(labels), "vectors": vectors.sum(0)}

    def validation_scores(self, sums: dict[str, Tensor], documents: int) -> dict[str, float]:
        """`validation_loss`, and `label_spread`: 1 - |mean vector|^2, mean over labels; 0 is a collapse."""
        spread = 1 - (sums["vectors"] / documents).pow(2).sum(1)
        return {"validation_loss": sums["loss"].item() / documents, "label_spread": spread.mean().item()}

    def after_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""

    def epoch_forces(self) -> dict:
        """Documents have no one vector here that labels could attract."""
        return {}
