"""Whether the files that the chosen study reads are there: looked at before anything is planned.

Snakemake passes over a missing input where its output exists, and old results would stand in for what was asked for.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pushpull.data.facts import own_files
from pushpull.errors import InputError

_KINDS = {"folder": "folder", "label_texts": "file"}


def check_paths(config: dict) -> None:
    """Look for every file and folder of the user that the configuration names for its study.

    Raises:
        InputError: one line for each that is not there, with its key.
    """
    missing = [f"{key}: {path} is not there, or no {kind}" for key, path, kind in _named(config) if not _is(kind, path)]
    if missing:
        lines = "\n".join(f"  {line}" for line in dict.fromkeys(missing))
        raise InputError(
            f"the study {config['study']} reads what is not there:\n{lines}\nPaths are relative to {Path.cwd()}; mend "
            "them in config.yaml, or put the files there."
        )


def _named(config: dict) -> Iterator[tuple[str, str, str]]:
    """Yield (key, path, "file" or "folder")."""
    experiments = config["studies"][config["study"]]["experiments"]
    for name in dict.fromkeys(name for experiment in experiments for name in experiment["datasets"]):
        entry, where = config["datasets"][name], f"datasets.{name}"
        several = isinstance(entry.get("files"), dict)
        for split, path in own_files(entry).items():
            yield f"{where}.files.{split}" if several else f"{where}.files", path, "file"
        yield from ((f"{where}.{key}", entry[key], kind) for key, kind in _KINDS.items() if key in entry)
    for name in dict.fromkeys(name for experiment in experiments for name in experiment["encoders"]):
        if vectors := config["encoders"][name].get("vectors"):
            yield f"encoders.{name}.vectors", vectors, "file"
    for key, mirror in (("PUSHPULL_MIRROR", os.environ.get("PUSHPULL_MIRROR")), ("mirror", config.get("mirror"))):
        if mirror:
            yield key, mirror, "folder"


def _is(kind: str, path: str) -> bool:
    return Path(path).is_file() if kind == "file" else Path(path).is_dir()
