"""Classification with a contrastive term between two passes of each document, under label distances (CLLD)."""

import numpy as np
import torch
from torch import Tensor, nn

from pushpull.encoders.encoder import Encoder, text_vectors
from pushpull.losses.label_distance import confusion_distances, label_distance, pairs_apart
from pushpull.training.supervised import Supervised

START = 0.2  # share of all epochs before the first update of adaptive distances, as printed


class LabelDistance(Supervised):
    """Encoder, classifier and an MLP head: loss_mix x classification + (1 - loss_mix) x contrast (CLLD, section III).

    A batch goes through the encoder twice, as one pass of twice the rows; dropout is the only augmentation. The
    classification loss is that of both views. `distances` [N, N] is a buffer, and so part of every checkpoint.
    """

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__(encoder, labels, settings)
        width = encoder.get_embedding_dimension()
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.settings = settings
        self.register_buffer("distances", _first_distances(labels, settings))
        self.register_buffer("confusion", torch.zeros(labels, labels))

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Loss of a batch; labels multi-hot [B, N]."""
        twice = {name: torch.cat([batch[name]] * 2) for name in ("input_ids", "attention_mask")}
        twice["lengths"], labels = np.tile(batch["lengths"], 2), torch.cat([labels, labels])
        features = self.encoder(twice)
        classification = self.loss(self.classifier(features), labels)
        with torch.autocast(labels.device.type, enabled=False):
            contrast = label_distance(self.head(text_vectors(features).float()), labels, self.distances)
        mix = self.settings["loss_mix"]
        return mix * classification + (1 - mix) * contrast

    def validation_sums(self, batch: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """What `Supervised` sums up, and the confusion matrix [N, N], true by decided class."""
        logits = self.classifier(self.encoder(dict(batch))).float()
        return self.sums(logits, labels) | {"confusion": labels.T @ self.decisions(logits).to(labels)}

    def validation_scores(self, sums: dict[str, Tensor], documents: int) -> dict[str, float]:
        """Scores of `Supervised`; the confusion matrix is kept for `after_epoch`."""
        self.confusion.copy_(sums["confusion"])
        return super().validation_scores(sums, documents)

    def after_epoch(self, epoch: int) -> None:
        """Move adaptive distances towards the classes confused on validation, by the share of epochs still to come.

        From 20 % of all epochs on, every `update_every` epochs (CLLD, Algorithm 1):
        LDM + (1 - step / total) (LDM' - LDM).

        Args:
            epoch: epochs done, 1 or more.
        """
        epochs, first = self.settings["epochs"], round(START * self.settings["epochs"])
        due = epoch >= first and (epoch - first) % self.settings["update_every"] == 0
        if self.settings["label_distance"] == "adaptive" and due:
            target = confusion_distances(self.confusion, self.settings["largest_distance"])
            self.distances.lerp_(target, 1 - epoch / epochs)


def _first_distances(classes: int, settings: dict) -> Tensor:
    largest = settings["largest_distance"]
    if settings["label_distance"] == "everywhere":
        return torch.full((classes, classes), largest)
    pairs = settings["pairs"] if settings["label_distance"] == "static" else []
    return pairs_apart(classes, pairs, largest)
