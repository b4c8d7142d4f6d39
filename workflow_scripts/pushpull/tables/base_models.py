"""The base models of papers that compare variants of several, a row each: what their tables have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pushpull.tables.rows import Row

if TYPE_CHECKING:
    from pushpull.tables.study import Study


def named_models(study: Study, paper: str, printed: Iterable[str]) -> dict[str, str]:
    """Return the encoder of every base model, {the paper's name: encoder}, in the order of print, then of the study.

    An encoder goes by its `printed_as`, by its title if it has none or another encoder has taken the name, and by its
    key if the title is taken, too. A printed base model that no encoder of the study stands for has an empty one.

    Args:
        printed: names of the base models in print.
    """
    found = dict.fromkeys(printed, "")
    for encoder in dict.fromkeys(encoder for _, encoder in study.corpora(paper)):
        names = (study.printed_as(encoder, paper, "encoders"), study.title("encoders", encoder), encoder)
        found[next(name for name in names if name and not found.get(name))] = encoder
    return found


def model_rows(models: Mapping[str, str], variants: Mapping[str, Row]) -> list[Row]:
    """Return a row for every base model and variant, called as in print.

    Args:
        models: as from `named_models`.
        variants: {end of the row's name: row without encoder}.
    """
    return [
        replace(variant, name=model + suffix, title="", encoder=encoder)
        for model, encoder in models.items()
        for suffix, variant in variants.items()
    ]


def stands_for(study: Study, models: Mapping[str, str]) -> str:
    """Return which encoder stands for which base model, for captions; empty where names say it all."""
    named = [
        f"{model} is {title}"
        for model, encoder in models.items()
        if encoder and (title := study.title("encoders", encoder)) != model
    ]
    return f"Base models: {'; '.join(named)}." if named else ""
