"""Supervised training end to end: an encoder with a linear classifier and a loss of its logits."""

from torch import Tensor, nn
from torch.nn import functional as F

from pushpull.encoders.encoder import Encoder
from pushpull.encoders.heads import make_classifier
from pushpull.losses import registry


class Supervised(nn.Module):
    """Encoder and linear classifier (ABALONE, section 4.2: baselines and fine-tuning)."""

    compares_documents = False

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__()
        self.task = settings["task"]
        self.encoder = encoder
        self.classifier = make_classifier(encoder, labels, settings["dropout"])
        self.loss = registry.load(settings["loss"])

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Mean loss of a batch; labels multi-hot [B, L]."""
        return self.loss(self.classifier(self.encoder(dict(batch))), labels)

    def after_step(self, batch: dict[str, Tensor], labels: Tensor) -> None:
        """Nothing follows the optimiser."""

    def validation_sums(self, batch: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Loss x documents, true positives, and decisions + labels of a batch, to be summed up."""
        return self.sums(self.classifier(self.encoder(dict(batch))).float(), labels)

    def sums(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """What `validation_sums` returns, of logits [B, L]."""
        decisions = self.decisions(logits)
        return {
            "loss": self.loss(logits, labels) * len(labels),
            "found": (decisions * labels).sum(),
            "decided": decisions.sum() + labels.sum(),
        }

    def decisions(self, logits: Tensor) -> Tensor:
        """Bool [B, L]: every label above 0, or the highest one where the task is single-label."""
        if self.task == "multi":
            return logits > 0
        return F.one_hot(logits.argmax(1), logits.shape[1]).bool()

    def validation_scores(self, sums: dict[str, Tensor], documents: int) -> dict[str, float]:
        """`validation_loss` and `validation_micro_f1` (the accuracy of a single-label task) of all batches together."""
        found, decided = sums["found"].item(), sums["decided"].item()
        return {
            "validation_loss": sums["loss"].item() / documents,
            "validation_micro_f1": 2 * found / decided if decided else 0.0,
        }

    def after_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""

    def epoch_forces(self) -> dict:
        """Nothing is attracted or repelled here."""
        return {}
