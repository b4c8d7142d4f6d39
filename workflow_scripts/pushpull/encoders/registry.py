"""Encoders that this library builds itself, by architecture. Plain strings: nobody depends on one that is not used."""

from importlib import import_module

ARCHITECTURES = {
    "text_cnn": "pushpull.encoders.text_cnn:TextCNN",
    "ldgn": "pushpull.encoders.ldgn:LDGN",
}

SETTINGS = "word_encoder.json"  # in the folder of a saved one

_WORDS = ("embedding", "vocabulary", "min_count", "vectors", "dropout")
CARD_KEYS = {
    "text_cnn": (*_WORDS, "kernel_widths", "feature_maps"),
    "ldgn": (*_WORDS, "hidden"),
}
"""What the card of an architecture may say, beside what every card may."""


def load(architecture: str) -> type:
    """Return the class of an architecture, a `words.WordEncoder`."""
    module, name = ARCHITECTURES[architecture].split(":")
    return getattr(import_module(module), name)
