"""How ABALONE's figures draw each method."""

from pushpull.paper import figures as style

SOLID, DASHED, DASH_DOTTED, DOTTED = "", (3.7, 1.6), (6.4, 1.6, 1, 1.6), (1, 1.6)
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
