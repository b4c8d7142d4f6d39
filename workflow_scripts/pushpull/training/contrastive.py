"""Contrastive training over batch, queue and prototypes (ABALONE, section 3 and algorithm 1)."""

import copy
import math

import torch
from torch import Tensor, nn

from pushpull.encoders.encoder import Encoder, forward
from pushpull.encoders.heads import ProjectionHead, Prototypes
from pushpull.losses import registry
from pushpull.losses.kernel import negative_distance, weighted_contrast
from pushpull.training.forces import Forces
from pushpull.training.momentum import Queue, follow


class Contrastive(nn.Module):
    """Encoder and projection head trained with a weighted contrastive loss.

    `loss` names what label sets make of the references, `queue_size` and `prototypes` say which there are. With
    `similarity: euclidean` the encoder's own vectors are compared, neither projected nor normalised (kNN-MLTC).
    """

    compares_documents = True

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__()
        width, cosine = encoder.get_embedding_dimension(), settings["similarity"] == "cosine"
        projection = settings["projection"] if cosine else width
        self.encoder, self.settings = encoder, settings
        self.head = ProjectionHead(width, projection) if cosine else nn.Identity()
        self.prototypes = Prototypes(labels, projection) if settings["prototypes"] else None
        self.queue = Queue(settings["queue_size"], projection, labels) if settings["queue_size"] else None
        if self.queue is not None:
            self.momentum_encoder = copy.deepcopy(encoder).requires_grad_(False)
            self.momentum_head = copy.deepcopy(self.head).requires_grad_(False)
        self.contrast = registry.load(settings["loss"])
        self.forces = Forces(labels)

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Loss of a batch; labels multi-hot [B, L]."""
        anchors = self.head(forward(self.encoder, batch)).float()
        self.forces.observe(nn.functional.normalize(anchors.detach(), dim=1), labels)
        return self._loss(anchors, labels, *(self.queue.filled() if self.queue is not None else ()))

    def _loss(self, anchors: Tensor, labels: Tensor, *queue: Tensor) -> Tensor:
        keys, key_labels = queue or (anchors[:0], labels[:0])
        references, reference_labels = torch.cat([anchors, keys]), torch.cat([labels, key_labels])
        exclude = torch.eye(len(labels), len(references), dtype=torch.bool, device=labels.device)
        # The softmax is sharp and label counts are exact: neither weights nor similarities in bf16 under autocast.
        with torch.autocast(anchors.device.type, enabled=False):
            weights, gain, constant = self.contrast(labels, reference_labels, exclude, self.prototypes is not None)
            gain[:, : len(references)] += math.log(self.settings["negative_weight"])
            if self.prototypes is not None:
                references = torch.cat([references, self.prototypes()])
            losses = weighted_contrast(self._similarity(anchors, references), weights, gain) + constant
        positive = (weights > 0).any(1).sum().clamp(min=1)
        return losses.sum() / (len(labels) if self.settings["divisor"] == "batch" else positive)

    def _similarity(self, anchors: Tensor, references: Tensor) -> Tensor:
        compare = torch.inner if self.settings["similarity"] == "cosine" else negative_distance
        return compare(anchors, references) / self.settings["temperature"]

    @torch.no_grad()
    def after_step(self, batch: dict[str, Tensor], labels: Tensor) -> None:
        """Let the momentum encoder follow, then enqueue its keys of the batch: never before the loss has seen it."""
        if self.queue is None:
            return
        follow(self.momentum_encoder, self.encoder, self.settings["momentum"])
        follow(self.momentum_head, self.head, self.settings["momentum"])
        self.queue.push(self.momentum_head(forward(self.momentum_encoder, batch)), labels)

    def validation_sums(self, batch: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Loss x documents of a batch against itself and the prototypes, without the queue."""
        return {"loss": self._loss(self.head(forward(self.encoder, batch)).float(), labels) * len(labels)}

    def validation_scores(self, sums: dict[str, Tensor], documents: int) -> dict[str, float]:
        """`validation_loss` of all batches together."""
        return {"validation_loss": sums["loss"].item() / documents}

    def after_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""

    def epoch_forces(self) -> dict:
        """Attraction and repulsion of each label in the epoch that ends (`Forces.drain`)."""
        return self.forces.drain()
