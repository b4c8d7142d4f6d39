"""Convolutional encoder of sentences over word embeddings (Kim, 2014)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
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
        # Texts end to end, zeros between them, in one convolution a width: half the rows of a padded batch, and half
        # the time. ReLU after the maximum is the same as before it, on a smaller tensor.
        gap = max(self.kernel_widths)
        kept = torch.arange(mask.shape[1] + gap, device=mask.device) < (mask.sum(1) + gap)[:, None]
        ids = F.pad(features["input_ids"], (0, gap), value=self.words.padding_idx)[kept]
        words = self.embedded(ids)
        begins = F.pad(mask, (0, gap)).bool()
        best = [
            _BestWindows.apply(words, convolution.weight, convolution.bias, kept, begins)
            for convolution in self.convolutions
        ]
        return features | {"sentence_embedding": F.relu(torch.cat(best, 1))}


class _BestWindows(torch.autograd.Function):
    """The largest value of each filter over the windows of each text, [B, F]; -inf for a text without words.

    One window in a hundred wins, and only winners have a gradient. Convolution's own backward pass multiplies zeros for
    all others; summing over the winners takes a fifth of its time.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, words: Tensor, weight: Tensor, bias: Tensor, kept: Tensor, begins: Tensor) -> Tensor:
        """Take words [n, d], filters [F, d, width] and bias [F], and where [B, T] has a row in words and a window."""
        rows = kept.flatten().cumsum(0).view_as(kept) - 1
        width = weight.shape[2]
        count = len(words) - width + 1
        values = bias
        for place in range(width):  # a product a word of the window: words stay where they are, unlike in F.conv1d
            values = torch.addmm(values, words[place : place + count], weight[:, :, place].T)
        padded = words.new_full((*begins.shape, len(weight)), -torch.inf)
        padded[begins] = values[rows[begins]].to(words.dtype)
        best, position = padded.max(1)
        ctx.save_for_backward(words, weight, rows.gather(1, position))
        return best

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """Sum, for each filter, the words under its winning windows; and for each word, the filters that it won."""
        words, weight, first = ctx.saved_tensors
        filters, size, width = weight.shape
        places = first[..., None] + torch.arange(width, device=first.device)  # [B, F, width]
        shares = gradient[..., None].expand_as(places)
        of_weight = F.embedding_bag(
            places.permute(1, 2, 0).reshape(filters * width, -1),
            words,
            mode="sum",
            per_sample_weights=shares.permute(1, 2, 0).reshape(filters * width, -1),
        )
        order = places.flatten().argsort(stable=True)
        ends = torch.bincount(places.flatten(), minlength=len(words)).cumsum(0)
        of_words = F.embedding_bag(
            order % (filters * width),
            weight.transpose(1, 2).reshape(-1, size),
            F.pad(ends[:-1], (1, 0)),
            mode="sum",
            per_sample_weights=shares.flatten()[order],
        )
        return of_words, of_weight.view(filters, width, size).transpose(1, 2), gradient.sum(0), None, None
