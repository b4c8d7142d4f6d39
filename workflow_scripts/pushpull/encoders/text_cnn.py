"""Convolutional encoder of sentences over word embeddings (Kim, 2014)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from pushpull.encoders.words import WordEncoder


class TextCNN(WordEncoder):
    """Windows of a few words, a linear map with ReLU for each width, the maximum over all windows of a text.

    Windows begin at every real word and run on into zeros after the last one, so that the shortest text has windows
    of every width and padding changes nothing. A text without words is a vector of zeros.
    """

    architecture = "text_cnn"
    config_keys = ("embedding", "kernel_widths", "feature_maps", "dropout")

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        embedding: int,
        kernel_widths: list[int],
        feature_maps: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(tokenizer, embedding, dropout)
        self.kernel_widths, self.feature_maps = kernel_widths, feature_maps
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding, feature_maps, width) for width in kernel_widths)

    @classmethod
    def from_card(cls, card: dict, tokenizer: PreTrainedTokenizerFast, labels: np.ndarray) -> "TextCNN":
        """Build with the card's sizes; labels are not needed."""
        widths, maps = card.get("kernel_widths", [3, 4, 5]), card.get("feature_maps", 128)
        return cls(tokenizer, card.get("embedding", 300), widths, maps, card.get("dropout", 0.0))

    def get_embedding_dimension(self) -> int:
        """Feature maps of all widths together."""
        return len(self.kernel_widths) * self.feature_maps

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add `sentence_embedding`, float [B, d], at least 0."""
        mask = features["attention_mask"]
        lengths = mask.sum(1)
        # Texts end to end, zeros between them, in one convolution a width: half the rows of a padded batch, and half
        # the time. ReLU after the maximum is the same as before it, on a smaller tensor.
        gap = max(self.kernel_widths)
        kept = torch.arange(mask.shape[1] + gap, device=mask.device) < (lengths + gap)[:, None]
        ids = F.pad(features["input_ids"], (0, gap), value=self.words.padding_idx)[kept]
        begins = F.pad(mask, (0, gap))[kept].nonzero()[:, 0]
        words = self.embedded(ids).T[None]
        best = [
            torch.segment_reduce(convolution(words)[0].T[begins], "max", lengths=lengths, axis=0)
            for convolution in self.convolutions
        ]
        return features | {"sentence_embedding": F.relu(torch.cat(best, 1))}
