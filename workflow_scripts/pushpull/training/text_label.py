"""Texts and label texts in one space: the encoder trained by pulling texts to the texts of their labels."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pushpull.encoders.encoder import Encoder, forward, tokenise
from pushpull.losses import registry

SCALE, OFFSET = 10.0, -3.0  # where the learned scale of `cosine_bce` starts: even odds at a cosine of 0.3


class TextLabel(nn.Module):
    """An encoder and nothing else: texts and label texts go through it in the same step, both with a gradient.

    The loss sees their cosines, or the vectors where it compares texts with each other, too (`texts_and_labels`).
    """

    def __init__(self, encoder: Encoder, labels: int, settings: dict) -> None:
        super().__init__()
        self.encoder, self.compares_documents = encoder, settings["loss"] == "texts_and_labels"
        self.loss = registry.load(settings["loss"])
        self.options = {key: settings[key] for key in registry.OPTIONS[settings["loss"]]}
        self.label_tokens = tokenise(encoder, settings["label_texts"], settings["max_tokens"], prompt="label")
        label_batch = self.label_tokens.batch(np.arange(len(self.label_tokens.lengths)))
        for name in ("input_ids", "attention_mask"):
            self.register_buffer(f"label_{name}", label_batch[name], persistent=False)  # copied to the device once
        if settings["loss"] == "cosine_bce":
            self.log_scale = nn.Parameter(torch.tensor(SCALE).log())
            self.offset = nn.Parameter(torch.tensor(OFFSET))

    def forward(self, batch: dict[str, Tensor], labels: Tensor) -> Tensor:
        """Loss of a batch; labels multi-hot [B, L]."""
        texts = forward(self.encoder, batch)
        names = {"input_ids": self.label_input_ids, "attention_mask": self.label_attention_mask}
        names = forward(self.encoder, names | {"lengths": self.label_tokens.lengths})
        # A cosine in bf16 is off by a thousandth, and the softmax is sharp.
        with torch.autocast(labels.device.type, enabled=False):
            texts, names = F.normalize(texts.float(), dim=1), F.normalize(names.float(), dim=1)
            if self.compares_documents:
                return self.loss(texts, names, labels, **self.options)
            learned = {"scale": self.log_scale.exp(), "offset": self.offset} if hasattr(self, "offset") else {}
            return self.loss(texts @ names.T, labels, **self.options, **learned)

    def after_step(self, batch: dict[str, Tensor], labels: Tensor) -> None:
        """Nothing follows the optimiser."""

    def validation_sums(self, batch: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Loss x documents of a batch."""
        return {"loss": self(batch, labels) * len(labels)}

    def validation_scores(self, sums: dict[str, Tensor], documents: int) -> dict[str, float]:
        """`validation_loss` of all batches together."""
        return {"validation_loss": sums["loss"].item() / documents}

    def after_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""

    def epoch_forces(self) -> dict:
        """Nothing is counted here."""
        return {}
