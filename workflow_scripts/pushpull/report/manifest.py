"""The manifest of a study: what its runs were made of, by which code, with what, on what, and how long they took."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

CARD = ("licence", "validation_from", "splits", "sources")


def study_manifest(info: Mapping, cards: Mapping[str, Mapping], run_files: Sequence[str | Path]) -> dict:
    """Return the manifest as a JSON-able dictionary; nothing in it says when it was made.

    Args:
        info: runs.json of the study.
        cards: card.json of each dataset, by name.
        run_files: run.json of the runs; one that lacks a fact is left out of that fact alone.
    """
    runs = {str(Path(file).parent): json.loads(Path(file).read_text(encoding="utf-8")) for file in run_files}
    versions = [run.get("versions", {}) for run in runs.values()]
    return {
        "study": info["study"],
        "title": info["title"],
        "commits": _distinct(run.get("commit") for run in runs.values()),
        "uncommitted_changes": _uncommitted([run.get("commit") for run in runs.values()]),
        "devices": _distinct(run.get("device") for run in runs.values()),
        "python": _distinct(run.get("python") for run in runs.values()),
        "versions": {name: _distinct(found.get(name) for found in versions) for name in sorted(set().union(*versions))},
        "training_hours": round(sum(run.get("wall_seconds", 0) for run in runs.values()) / 3600, 4),
        "datasets": {name: {key: card[key] for key in CARD if key in card} for name, card in cards.items()},
        "runs": {
            path: {key: run.get(key) for key in ("code", "commit", "device", "threads", "wall_seconds")}
            for path, run in sorted(runs.items())
        },
    }


def _uncommitted(commits: Sequence[str | None]) -> bool | None:
    """Whether code was not committed; None where no run says so and one does not say its commit."""
    if any(commit.endswith("-dirty") for commit in commits if commit):
        return True
    return False if all(commits) else None


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value})
