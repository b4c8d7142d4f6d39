"""What captions and notes say of a study: what it ran, and why a cell is empty. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pushpull.tables.variants import released_caption

if TYPE_CHECKING:
    from pushpull.tables.study import Study

NO_SPREAD = "The paper does not say how many runs stand behind a number and prints no spread."


def describe(study: Study, paper: str) -> str:
    """Return what the study ran for `paper`, for captions: encoders, epochs, the study's note, the released code's way.

    Of the paper's way and the released code's (`kinds.RELEASED_CODE`) the paper's goes without saying.
    """
    study = study.whole or study
    runs = [run for key, found in study.runs.items() if key[0] == paper for run in found]
    encoders = ", ".join(study.title("encoders", e) for e in dict.fromkeys(e for _, e in study.corpora(paper)))
    parts = [f"Here: study {study.name}", encoders]
    epochs: dict[str, set[int]] = {}
    for run in runs:
        if "epochs" in run["settings"]:
            epochs.setdefault(study.kind(run["method"]), set()).add(run["settings"]["epochs"])
    if epochs:
        listed = (f"{kind} {'/'.join(map(str, sorted(values)))}" for kind, values in epochs.items())
        parts.append(f"epochs: {', '.join(listed)}")
    listed = f"{'; '.join(part for part in parts if part)}."
    notes = study.info.get("note", ""), study.info.get("notes", {}).get(paper, "")
    return " ".join(filter(None, [listed, *notes, released_caption(study, paper)]))


def not_run(study: Study, paper: str, dataset: str) -> str:
    """Return the reason of a cell whose printed data set has no run for `paper` in the study."""
    if dataset in (study.printed_as(ours, paper) for ours in study.info["datasets"]):
        return f"{dataset} has no run for {paper} in study {study.name}"
    return f"{dataset} is not in study {study.name}; add it to config.yaml or run a study that has it"


def no_encoder(study: Study) -> str:
    """Return the reason of a cell whose printed base model no encoder of the study stands for."""
    return f"no encoder of study {study.name} stands for this base model; name one with `printed_as` in config.yaml"
