"""The base models and variants that CLLD compares: what its tables and its figure have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pushpull.tables.base_models import named_models, stands_for
from pushpull.tables.captions import describe
from pushpull.tables.rows import MACRO_F1, Metric, Row, further_methods
from pushpull.tables.shown import Shown, methods

if TYPE_CHECKING:
    from pushpull.tables.study import Study

PAPER = "clld"
PRINTED_MODELS = ("BERT", "ALBERT", "TextCNN")
PRINTED_ABLATION = "BERT"
"""The base model of Table 3, which does not name it."""

# `evaluation.summary` and `comparisons` have intervals for F1; with one class a document, micro-F1 is accuracy.
METRICS = (Metric("accuracy", "accuracy (%)", "micro_f1", 100), MACRO_F1)


def _row(name: str, title: str, method: str) -> Row:
    return Row(name, title, method, "classifier", "classifier")


CT = _row("CT", "classification task alone", "cross_entropy")
CL = _row("CT+CL", "contrastive task, every label distance 1", "clld_constant")
CLSLD = _row("CT+CLSLD", "contrastive task, static label distances", "clld")
CLALD = _row("CT+CLALD", "contrastive task, adaptive label distances", "clld_adaptive")
EVERYWHERE = _row("CT+CLSLD, every pair (ours)", "contrastive task, every label distance large", "clld_everywhere")

COMPARISONS = ((CT, CL), (CT, CLSLD), (CT, CLALD), (CT, EVERYWHERE), (CL, CLSLD), (CL, CLALD))
"""(a, b): b is compared with a. Each variant against the base model, then label distances against none."""

MAIN = {"": CT, "+CLLD": CLSLD}
"""The rows of Table 2 by what stands behind the base model's name; those of Table 3 are in `ABLATION`."""
ABLATION = {f" {row.name}": row for row in (CT, CL, CLSLD, CLALD, EVERYWHERE)}


_KNOWN = methods(ABLATION.values())
SHOWN = {
    "table2": Shown(methods(MAIN.values()), printed="table2"),
    "table3": Shown(_KNOWN, ("supervised", "label_distance"), _KNOWN, "table3"),
    "table_ladder": Shown(_KNOWN, made_of=("metrics", "cards", "comparisons")),
    "figure2": Shown(methods([CLALD]), first=True, made_of=("label_distances",)),
}
"""Which runs each table and figure shows."""


def base_models(study: Study) -> dict[str, str]:
    """Return the encoder of every base model, {the paper's name: encoder}, as `named_models`."""
    return named_models(study, PAPER, PRINTED_MODELS)


def further_variants(study: Study) -> dict[str, Row]:
    """Return the study's further methods with a classifier of the paper's kinds, as `ABLATION`."""
    further = further_methods(study, PAPER, _KNOWN, ("supervised", "label_distance"))
    return {f", {title}": _row(title, "", method) for method, title in further.items()}


def described(study: Study, text: str) -> str:
    """Return a caption: what is shown, what accuracy is, what stands for which base model, what the study ran."""
    accuracy = "Accuracy is the micro-F1 of documents with one class each"
    several = [d for d in study.datasets(PAPER) if d in study.cards and study.cards[d]["task"] == "multi"]
    if several:
        titles = ", ".join(study.title("datasets", dataset) for dataset in several)
        accuracy += f"; so it is micro-F1 on {titles}, where they may have several"
    models = stands_for(study, base_models(study))
    return " ".join(filter(None, ["Test split.", text, f"{accuracy}.", models, describe(study, PAPER)]))
