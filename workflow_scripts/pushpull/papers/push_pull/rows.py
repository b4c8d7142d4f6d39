"""The encoders, losses and threshold rules of Push and Pull: what its tables and its figure have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pushpull.kinds import CLASSIFIER, PROBED
from pushpull.tables.base_models import model_rows, named_models
from pushpull.tables.captions import describe
from pushpull.tables.rows import Row, further_methods
from pushpull.tables.shown import Shown, methods

if TYPE_CHECKING:
    from pushpull.tables.study import Study

PAPER = "push_pull"

RULES = {
    "fixed": "fixed",
    "one": "one threshold (micro-F1)",
    "one_macro": "one threshold (macro-F1)",
    "per_label": "per label",
    "exact": "per label, exact",
    "joint": "per label, joint",
    "folds": "per label, folds",
    "shrunk": "per label, shrunk",
}
"""The threshold rules of distance-based classification (DBC), and what rows call them."""
HEADLINE = "per_label"
"""The rule of Table 1, that of the preceding study (arXiv 2510.11160)."""
TOP1 = {"exact_top1": "per label, exact + top 1"}
"""The rule that leaves no document without a label, shown apart."""


def _row(name: str, method: str, protocol: str = f"dbc_{HEADLINE}") -> Row:
    return Row(name, "", method, protocol, protocol, chosen_metric="macro_f1")


UNTRAINED = _row("untrained", "pretrained")
TEXT_TO_LABEL = _row("text to label", "text_to_label")
DECOUPLED = _row("decoupled text to label", "text_to_label_decoupled")
TEXTS_AND_LABELS = _row("texts and labels", "texts_and_labels")
MARGIN = _row("margin", "margin")
COSINE_BCE = _row("cosine BCE", "cosine_bce")
BCE = _row("fine-tuned classifier", "bce", "classifier")
ZERO_SHOT = _row("zero-shot NLI", "zero_shot", "zero_shot")

LOSSES = (TEXT_TO_LABEL, DECOUPLED, TEXTS_AND_LABELS, MARGIN, COSINE_BCE)
"""The three losses, the first and the third of them followed by their variant."""

COMPARISONS = (*((UNTRAINED, loss) for loss in LOSSES), (TEXT_TO_LABEL, DECOUPLED), (MARGIN, COSINE_BCE))
"""(a, b): b is compared with a. Every loss against the untrained encoder, then each variant against its loss."""


_EMBEDDED = methods([UNTRAINED, *LOSSES])
_KNOWN = _EMBEDDED | methods([BCE, ZERO_SHOT])
SHOWN = {
    "table1": Shown(_KNOWN, (*PROBED, *CLASSIFIER), _KNOWN),
    "table_rules": Shown(_EMBEDDED | methods([ZERO_SHOT]), PROBED, _KNOWN),
    "table_ladder": Shown(_EMBEDDED, made_of=("metrics", "cards", "comparisons")),
    "figure1": Shown(_EMBEDDED, PROBED, _KNOWN),
}
"""Which runs each table and figure shows."""


def text_models(study: Study) -> dict[str, str]:
    """Return {name: encoder} of the sentence encoders, those that a method with embeddings has a run for."""
    return _models(study, {*PROBED, *CLASSIFIER})


def embedded_rows(study: Study) -> list[Row]:
    """Return the rows under DBC: untrained, the losses, the study's further methods without a classifier."""
    further = further_methods(study, PAPER, _KNOWN, PROBED)
    return [UNTRAINED, *LOSSES, *(_row(title, method) for method, title in further.items())]


def classifier_rows(study: Study) -> list[Row]:
    """Return the rows with a classifier of their own: fine-tuning with BCE, the study's further such methods."""
    further = further_methods(study, PAPER, _KNOWN, CLASSIFIER)
    return [BCE, *(_row(title, method, "classifier") for method, title in further.items())]


def zero_shot_rows(study: Study, rules: tuple[str, ...]) -> list[Row]:
    """Return rows per model with a zero-shot run: decided at 0.5, and by each of `rules`.

    Where no model has a run, there is one of each all the same, so that its cells say so.
    """
    models = _models(study, {"zero_shot"})
    name = f": {ZERO_SHOT.name}" if models else ZERO_SHOT.name
    ruled = {f"{name}, {RULES[rule]}": replace(ZERO_SHOT, protocol=f"zero_shot_{rule}") for rule in rules}
    any_encoder = dict(zip([""], (encoder for _, encoder in study.corpora(PAPER)), strict=False))
    return model_rows(models or any_encoder, {name: ZERO_SHOT} | ruled)


def described(study: Study, text: str) -> str:
    """Return a caption: what is shown, what of it is ours, what the study ran."""
    ours = (
        "Only the abstract of the paper is public: no printed number is known to compare with, and the losses are our "
        "reconstruction."
    )
    return " ".join(["Test split.", text, ours, describe(study, PAPER)])


def _models(study: Study, kinds: set[str]) -> dict[str, str]:
    measured = {key[2] for key in study.runs if key[0] == PAPER and study.kind(key[3]) in kinds}
    return {model: encoder for model, encoder in named_models(study, PAPER, ()).items() if encoder in measured}
