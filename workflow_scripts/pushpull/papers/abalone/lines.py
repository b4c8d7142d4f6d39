"""How ABALONE's figures draw each method."""

from pushpull.tables import style
from pushpull.tables.style import DASH_DOTTED, DASHED, DOTTED, SOLID

LINES = {
    "pretrained": (style.GREY, DOTTED, "o"),
    "bce": (style.BLACK, DASH_DOTTED, "s"),
    "base": (style.BLUE, SOLID, "^"),
    "base_ft": (style.BLUE, DASHED, "^"),
    "msc": (style.VERMILLION, SOLID, "D"),
    "msc_ft": (style.VERMILLION, DASHED, "D"),
}
"""Colour, dashes, marker of the paper's encoders: a colour per contrastive loss, dashed once fine-tuned."""
FURTHER = [(colour, dash, "v") for dash in (SOLID, DASHED, DOTTED) for colour in (style.GREEN, style.PURPLE, style.SKY)]
