"""The base models and variants that kNN-MLTC compares: what its tables and its figures have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pushpull.tables.base_models import model_rows, named_models, stands_for
from pushpull.tables.rows import Row, further_methods
from pushpull.tables.shown import CARDS, Shown, methods

if TYPE_CHECKING:
    from pushpull.tables.study import Study

PAPER = "knn_mltc"
PRINTED_MODELS = ("CNN", "LDGN", "BERT")

# A variant adds one thing to another, so both are shown by the same runs: those chosen for the variant with kNN where
# there is a contrastive term, for the model alone where there is none.
MODEL = Row("model", "model alone", "bce", "classifier", "classifier")
KNN = Row("+kNN", "model + kNN", "bce", "knn_mixed", "classifier")
CL = Row("+CL", "contrastive term", "joint", "classifier", "knn_mixed")
CL_KNN = Row("+CL+kNN", "contrastive term + kNN", "joint", "knn_mixed", "knn_mixed")
WITHOUT_BETA = Row("without beta", "+CL+kNN, overlaps cut to 0 or 1", "joint_binary", "knn_mixed", "knn_mixed")

COMPARISONS = (
    (MODEL, KNN),
    (MODEL, CL),
    (CL, CL_KNN),
    (KNN, CL_KNN),
    (MODEL, CL_KNN),
    (WITHOUT_BETA, CL_KNN),
)
"""(a, b): b is compared with a. Each "+" against its base, the whole method against the model, beta against none."""

ABLATION = {"": MODEL, "+kNN": KNN, "+CL": CL, "+CL+kNN": CL_KNN}
"""The rows of Table 4 by what stands behind the base model's name."""


_KNOWN = methods(row for pair in COMPARISONS for row in pair)
SHOWN = {
    "table2": CARDS,
    "table3": Shown(methods([MODEL, CL_KNN]), printed="table3"),
    "table4": Shown(methods(ABLATION.values()), ("supervised", "joint"), _KNOWN, "table4"),
    "table5": Shown(methods([WITHOUT_BETA, CL_KNN]), printed="table5"),
    "table6": Shown(methods([MODEL, CL_KNN]), printed="table6"),
    "table7": Shown(methods([CL]), printed="table7", first=True, made_of=("inference",)),
    "table8": Shown(methods([CL]), printed="table8", first=True, made_of=("inference",)),
    "table_ladder": Shown(_KNOWN, made_of=("metrics", "cards", "comparisons")),
    "figure2": Shown(methods([CL_KNN])),
    "figure3": Shown(methods([MODEL, CL]), first=True, made_of=("neighbourhoods",)),
    "figure4": Shown(methods([MODEL, CL])),
}
"""Which runs each table and figure shows."""


def base_models(study: Study) -> dict[str, str]:
    """Return the encoder of every base model, {the paper's name: encoder}, as `named_models`."""
    return named_models(study, PAPER, PRINTED_MODELS)


def rows_of(study: Study, variants: Mapping[str, Row]) -> list[Row]:
    """Return a row for every base model and variant, called as in print.

    Args:
        variants: such as `ABLATION`.
    """
    return model_rows(base_models(study), variants)


def further_variants(study: Study) -> dict[str, Row]:
    """Return the study's further methods that have a classifier, alone and with kNN, as `rows_of` takes them."""
    return {
        f", {title}{suffix}": Row(title, "", method, protocol, "knn_mixed")
        for method, title in further_methods(study, PAPER, _KNOWN, ("supervised", "joint")).items()
        for suffix, protocol in (("", "classifier"), ("+kNN", "knn_mixed"))
    }


def neighbours_of(row: Row) -> Row:
    """Return the row with the same runs that shows the curves and shares of the protocol `neighbours`."""
    return replace(row, protocol="neighbours")


def describe_models(study: Study) -> str:
    """Return which encoder stands for which base model, and k, temperature and λ of kNN, for captions."""
    return " ".join(filter(None, [stands_for(study, base_models(study)), _knn_settings(study)]))


def _knn_settings(study: Study) -> str:
    shared = study.info.get("knn")
    if shared is None:  # a study recorded without them
        return ""
    words = [_words(shared)]
    for dataset in study.datasets(PAPER):
        if own := study.info["datasets"][dataset].get("knn"):
            words.append(f"{study.title('datasets', dataset)}: {_words(own)}")
    return f"kNN: {'; '.join(words)}."


def _words(settings: Mapping[str, object]) -> str:
    names = {"k": "k", "temperature": "temperature", "proportion": "λ"}
    return ", ".join(f"{names[key]} = {value}" for key, value in settings.items())
