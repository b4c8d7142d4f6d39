"""What is trained: an encoder with a head and a loss, as one module with one forward pass per step.

An objective has `forward(batch, labels) -> loss`, `after_step(batch, labels)` (what follows the optimiser) and
`validate(...)`. All its state is parameters and buffers, so that one state dict is a whole checkpoint.
"""

import copy

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from pushpull.encoders.heads import Classifier, ProjectionHead, Prototypes
from pushpull.encoders.sentence import forward
from pushpull.losses import registry
from pushpull.losses.contrastive import reference_log_gain
from pushpull.losses.kernel import weighted_contrast
from pushpull.training.momentum import Queue, follow

Batch = dict[str, Tensor]


class Supervised(nn.Module):
    """Encoder and linear classifier trained end to end with an element-wise loss."""

    def __init__(self, encoder: SentenceTransformer, labels: int, settings: dict) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = Classifier(encoder.get_embedding_dimension(), labels, settings["dropout"])
        self.loss = registry.load(settings["loss"])

    def forward(self, batch: Batch, labels: Tensor) -> Tensor:
        """Mean loss of a batch; labels multi-hot [B, L]."""
        return self.loss(self.classifier(forward(self.encoder, batch)), labels)

    def after_step(self, batch: Batch, labels: Tensor) -> None:
        """Nothing follows the optimiser."""

    def validation_counts(self, batch: Batch, labels: Tensor) -> Tensor:
        """(loss x documents, documents, true positives, decisions + labels) of a batch, to be summed up."""
        logits = self.classifier(forward(self.encoder, batch)).float()
        decisions = logits > 0
        found = (decisions * labels).sum()
        return torch.stack(
            [
                self.loss(logits, labels) * len(labels),
                labels.new_tensor(len(labels)),
                found,
                decisions.sum() + labels.sum(),
            ]
        ).double()


class Contrastive(nn.Module):
    """Encoder and projection head trained with a weighted contrastive loss over batch, queue and prototypes.

    ABALONE, section 3 and algorithm 1: `loss` names the weights, `queue_size` and `prototypes` the references.
    """

    def __init__(self, encoder: SentenceTransformer, labels: int, settings: dict) -> None:
        super().__init__()
        width, projection = encoder.get_embedding_dimension(), settings["projection"]
        self.encoder, self.settings = encoder, settings
        self.head = ProjectionHead(width, projection)
        self.prototypes = Prototypes(labels, projection) if settings["prototypes"] else None
        self.queue = Queue(settings["queue_size"], projection, labels) if settings["queue_size"] else None
        if self.queue is not None:
            self.momentum_encoder = copy.deepcopy(encoder).requires_grad_(False)
            self.momentum_head = copy.deepcopy(self.head).requires_grad_(False)
        self.weights = registry.load(settings["loss"])

    def forward(self, batch: Batch, labels: Tensor) -> Tensor:
        """Loss of a batch; labels multi-hot [B, L]."""
        keys, key_labels = self.queue.filled() if self.queue is not None else (None, None)
        return self._loss(self.head(forward(self.encoder, batch)), labels, keys, key_labels)

    def _loss(self, anchors: Tensor, labels: Tensor, keys: Tensor | None, key_labels: Tensor | None) -> Tensor:
        anchors = anchors.float()
        references, reference_labels = [anchors], [labels]
        if keys is not None:
            references.append(keys)
            reference_labels.append(key_labels)
        if self.prototypes is not None:
            references.append(self.prototypes())
        reference_labels = torch.cat(reference_labels)
        exclude = torch.eye(len(labels), len(reference_labels), dtype=torch.bool, device=labels.device)
        weights = self.weights(labels, reference_labels, exclude, self.prototypes is not None)
        gain = reference_log_gain(exclude, weights.shape[1] - len(reference_labels), self.settings["negative_weight"])
        # The softmax is sharp: the similarities stay in float32 under autocast.
        with torch.autocast(anchors.device.type, enabled=False):
            similarity = anchors @ torch.cat(references).T / self.settings["temperature"]
            losses = weighted_contrast(similarity, weights, gain)
        return losses.sum() / len(labels)

    @torch.no_grad()
    def after_step(self, batch: Batch, labels: Tensor) -> None:
        """Let the momentum encoder follow, then enqueue its keys of the batch: never before the loss has seen it."""
        if self.queue is None:
            return
        follow(self.momentum_encoder, self.encoder, self.settings["momentum"])
        follow(self.momentum_head, self.head, self.settings["momentum"])
        self.queue.push(self.momentum_head(forward(self.momentum_encoder, batch)), labels)

    def validation_counts(self, batch: Batch, labels: Tensor) -> Tensor:
        """(loss x documents, documents, 0, 0) of a batch against itself and the prototypes, without the queue."""
        loss = self._loss(self.head(forward(self.encoder, batch)), labels, None, None)
        return torch.stack([loss * len(labels), loss.new_tensor(len(labels)), loss * 0, loss * 0]).double()


def build(kind: str, encoder: SentenceTransformer, labels: int, settings: dict) -> Supervised | Contrastive:
    """The objective of a method of the given kind (`supervised`, `finetune` or `contrastive`)."""
    return (Contrastive if kind == "contrastive" else Supervised)(encoder, labels, settings)


def parameter_groups(objective: nn.Module, settings: dict) -> list[dict]:
    """Four groups for AdamW: encoder or head learning rate, with or without weight decay.

    Biases and LayerNorm are not decayed; prototypes are (released code of ABALONE; the paper is silent).
    """
    groups: dict[tuple[bool, bool], list] = {}
    for name, parameter in objective.named_parameters():
        if parameter.requires_grad:
            key = (name.startswith("encoder."), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": settings["learning_rate" if encoder else "head_learning_rate"],
            "weight_decay": settings["weight_decay"] if decay else 0.0,
        }
        for (encoder, decay), parameters in sorted(groups.items())
    ]
