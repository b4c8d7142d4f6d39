"""An encoder from its card: as it comes, or built from the training corpus."""

import numpy as np

from pushpull.encoders import registry
from pushpull.encoders.canary import check_canary
from pushpull.encoders.encoder import Encoder


def needs_corpus(card: dict) -> bool:
    """Whether the encoder is built from training texts and labels (word encoders: `architecture`)."""
    return "architecture" in card


def build_encoder(card: dict, texts: list[str] | None, labels: np.ndarray | None) -> Encoder:
    """Load the encoder of an entry of `encoders:` in config.yaml, or build it; weights follow torch's global seed.

    Published weights are held against their canary (`canary.check_canary`).

    Args:
        card: see `load_encoder`; or `architecture` (`text_cnn` or `ldgn`) with, optionally, `embedding` (300),
            `vocabulary` (50,000), `min_count` (2), `vectors` (file of word vectors), `dropout` (of word vectors, 0),
            for TextCNN `kernel_widths` ([3, 4, 5]) and `feature_maps` (128), for LDGN `hidden` (512).
        texts: training texts, for the vocabulary of a word encoder.
        labels: multi-hot training labels, uint8 [n, L], for the label graph of LDGN.

    Raises:
        InputError: weights or word vectors are missing or not the expected ones, or give other vectors than before.
    """
    if needs_corpus(card):
        return registry.load(card["architecture"]).from_corpus(card, texts, labels)
    from pushpull.encoders.sentence import load_encoder  # seconds of imports that a word encoder does without

    encoder = load_encoder(card)
    if not card.get("random"):
        check_canary(card, encoder)
    return encoder
