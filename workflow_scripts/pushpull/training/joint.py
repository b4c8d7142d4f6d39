"""Supervised training with a contrastive term beside it (kNN-MLTC, section 3.2)."""

import torch
from torch import Tensor

from pushpull.encoders.encoder import Encoder, text_vectors
from pushpull.losses import registry
from pushpull.losses.kernel import negative_distance, weighted_contrast
from pushpull.losses.supervised import bce
from pushpull.training.supervised import Supervised


class Joint(Supervised):
    """Encoder and classifier trained with BCE + `contrastive_weight` x L_con (kNN-MLTC, equation 6).

    L_con compares the text vectors that the classifier reads, neither projected nor normalised, by minus their
    Euclidean distance over the temperature. As printed it is a sum over the documents of a batch; `reduction: mean`
    divides by their number. BCE is a mean over documents and labels. Validation scores are those of the classifier.
    """

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__(encoder, labels, settings | {"loss": "bce"})
        self.loss = bce  # named here, so that a change of it retrains these runs, too
        self.contrast, self.settings = registry.load(settings["loss"]), settings

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Loss of a batch; labels multi-hot [B, L]."""
        features = self.encoder(dict(batch))
        contrast = self._contrast(text_vectors(features).float(), labels)
        return self.loss(self.classifier(features), labels) + self.settings["contrastive_weight"] * contrast

    def _contrast(self, vectors: Tensor, labels: Tensor) -> Tensor:
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        # Distances of near-equal vectors and exact label counts: not in bf16 under autocast.
        with torch.autocast(vectors.device.type, enabled=False):
            weights, gain, constant = self.contrast(labels, labels, itself, False)
            similarity = negative_distance(vectors, vectors) / self.settings["temperature"]
            losses = weighted_contrast(similarity, weights, gain) + constant
        return losses.sum() if self.settings["reduction"] == "sum" else losses.mean()
