"""Label-specific dual graph network over word embeddings (Ma et al., ACL 2021)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from pushpull.encoders.words import WordEncoder

SLOPE = 0.2  # of LeakyReLU below 0, as in ADD-GCN (Ye et al., 2020), the model of the dynamic graph


def label_graph(labels: np.ndarray) -> np.ndarray:
    """Return P(label i | label j), float32 [L, L], from multi-hot training labels, uint8 [n, L].

    The diagonal is 1, of a label without documents too, so that no row is zero.

    Example:
        >>> label_graph(np.array([[1, 1, 0], [1, 0, 0]], np.uint8))
        array([[1. , 1. , 0. ],
               [0.5, 1. , 0. ],
               [0. , 0. , 1. ]], dtype=float32)
    """
    labels = labels.astype(np.float32)  # counts are exact up to 2^24 documents
    together = labels.T @ labels
    graph = together / together.diagonal().clip(min=1)
    np.fill_diagonal(graph, 1)
    return graph


def normalise(graph: Tensor) -> Tensor:
    """D^-1/2 A D^-1/2 of graphs A [..., L, L], not negative, where D holds the row sums.

    Sums count as at least 1e-4: a sigmoid far below 0 is 0 in float32, and a row of such would divide by 0.
    """
    scale = graph.sum(-1).clamp(min=1e-4).rsqrt()
    return scale[..., :, None] * graph * scale[..., None, :]


class LDGN(WordEncoder):
    """BiLSTM, a text vector for each label by attention over words, and graph convolutions between the labels.

    Two convolutions follow the graph of label co-occurrence in training (`graph`, a buffer: normalised), two more
    a graph made from the document. With D = `hidden`, the LSTM has D/2 units a direction and a convolution D/2.
    """

    gives_label_vectors = True
    architecture = "ldgn"
    config_keys = ("embedding", "hidden", "labels", "dropout")

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, embedding: int, hidden: int, labels: int, dropout: float = 0.0
    ) -> None:
        super().__init__(tokenizer, embedding, dropout)
        self.hidden, self.labels, half = hidden, labels, hidden // 2
        self.rightward = nn.LSTM(embedding, half, batch_first=True)
        self.leftward = nn.LSTM(embedding, half, batch_first=True)
        self.queries = nn.Parameter(nn.init.xavier_uniform_(torch.empty(labels, hidden)))
        self.static = nn.ModuleList([_linear(hidden, half), _linear(half, half)])
        self.pair = nn.ModuleList([_linear(half, half), _linear(half, half)])  # W_a and W_b
        self.dynamic = nn.ModuleList([_linear(half, half), _linear(half, half)])
        self.register_buffer("graph", torch.eye(labels))

    @classmethod
    def from_card(cls, card: dict, tokenizer: PreTrainedTokenizerFast, labels: np.ndarray) -> "LDGN":
        """Build with the card's sizes and the graph of these labels."""
        sizes = card.get("embedding", 300), card.get("hidden", 512), labels.shape[1]
        module = cls(tokenizer, *sizes, card.get("dropout", 0.0))
        module.set_graph(labels)
        return module

    def set_graph(self, labels: np.ndarray) -> None:
        """Count the static graph on multi-hot training labels, uint8 [n, L]."""
        self.graph.copy_(normalise(torch.from_numpy(label_graph(labels))))

    def get_embedding_dimension(self) -> int:
        """Width of the label vectors, and of their maximum."""
        return 2 * (self.hidden // 2)

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add `label_vectors`, float [B, L, D], and their maximum over labels, `sentence_embedding` [B, D]."""
        states = self.states(features["input_ids"], features["attention_mask"])
        vectors = self.graph_step(states, self.attention(states, features["attention_mask"]))
        return features | {"label_vectors": vectors, "sentence_embedding": vectors.amax(1)}

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """BiLSTM states [B, T, D]; those of real words do not depend on padding."""
        words, order = self.embedded(ids), _reversal(mask)
        # In float32 under autocast too: rounding adds up over the words, and few CPUs have a bfloat16 LSTM.
        with torch.autocast(ids.device.type, enabled=False):
            leftward = self.leftward(_rearranged(words, order))[0]
            return torch.cat([self.rightward(words)[0], _rearranged(leftward, order)], 2)

    def attention(self, states: Tensor, mask: Tensor) -> Tensor:
        """Weights of the words for each label, float32 [B, L, T]: 0 at padding, the rest of a row sums to 1."""
        scores = (self.queries @ states.transpose(1, 2)).float()
        # Not minus infinity, and masked again: a text without words would be not a number.
        weights = scores.masked_fill(mask[:, None] == 0, torch.finfo(scores.dtype).min).softmax(2)
        return weights * mask[:, None]

    def graph_step(self, states: Tensor, weights: Tensor) -> Tensor:
        """Label vectors [H2; H4], [B, L, D], of states [B, T, D] and attention weights [B, L, T].

        H1 = LeakyReLU(As U W1) with U = weights @ states, H2 = As H1 W2, H3 = LeakyReLU(Ad H2 W3), H4 = Ad H3 W4,
        where As is `graph` and Ad = sigmoid((Wa H2^T)^T (Wb H2^T)), normalised.
        """
        # (As weights) (states W1) is As U W1 without U, the largest tensor; H2 (Wa^T Wb) H2^T spares a product.
        first = F.leaky_relu(self.graph @ weights @ self.static[0](states), SLOPE)
        static = self.graph @ self.static[1](first)
        pair = self.pair[0].weight.T @ self.pair[1].weight
        # Row sums of many labels are too much for bfloat16: in the precision of the weights under autocast too.
        graph = normalise((static @ pair @ static.transpose(1, 2)).to(self.graph).sigmoid())
        last = graph @ self.dynamic[1](F.leaky_relu(graph @ self.dynamic[0](static), SLOPE))
        return torch.cat([static, last], 2)


def _reversal(mask: Tensor) -> Tensor:
    """Where each text's words stand read from right to left, int64 [B * T]; its padding stays last.

    With this a plain LSTM reads no padding before words. Packed sequences, the usual way, are slower on a CPU where
    lengths differ, by half and more, and wait for the lengths on a GPU.
    """
    documents, width = mask.shape
    lengths, position = mask.sum(1, keepdim=True), torch.arange(width, device=mask.device)
    reverse = torch.where(position < lengths, lengths - 1 - position, position)
    return (reverse + width * torch.arange(documents, device=mask.device)[:, None]).flatten()


def _rearranged(states: Tensor, order: Tensor) -> Tensor:
    # Not `gather`: its gradient takes six times as long and is not deterministic on a GPU.
    return states.flatten(0, 1).index_select(0, order).view_as(states)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.xavier_uniform_(linear.weight)  # four maps in a row: PyTorch's default would shrink the vectors tenfold
    return linear
