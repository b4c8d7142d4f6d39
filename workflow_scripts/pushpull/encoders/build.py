"""An encoder from its card: as it comes, or built from the training corpus."""

import numpy as np
from sentence_transformers import SentenceTransformer

from pushpull.encoders import registry
from pushpull.encoders.sentence import load_encoder


def needs_corpus(card: dict) -> bool:
    """Whether the encoder is built from training texts and labels (word encoders: `architecture`)."""
    return "architecture" in card


def build_encoder(card: dict, texts: list[str] | None, labels: np.ndarray | None) -> SentenceTransformer:
    """Load the encoder of an entry of `encoders:` in config.yaml, or build it; weights follow torch's global seed.

    Args:
        card: see `load_encoder`; or `architecture` (`text_cnn` or `ldgn`) with, optionally, `embedding` (300),
            `vocabulary` (50,000), `min_count` (2), `vectors` (file of word vectors), for TextCNN `kernel_widths`
            ([3, 4, 5]) and `feature_maps` (128), for LDGN `hidden` (512).
        texts: training texts, for the vocabulary of a word encoder.
        labels: multi-hot training labels, uint8 [n, L], for the label graph of LDGN.

    Raises:
        InputError: weights or word vectors are missing or not the expected ones.
    """
    if not needs_corpus(card):
        return load_encoder(card)
    module = registry.load(card["architecture"]).from_corpus(card, texts, labels)
    return SentenceTransformer(modules=[module], device="cpu")
