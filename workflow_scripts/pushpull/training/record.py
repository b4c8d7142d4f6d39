"""The record of a run: what it was made of, with what, how long it took, and how training went."""

import csv
import platform
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import torch

from pushpull.data.dataset import read_card
from pushpull.files import atomic_path, write_json

PACKAGES = ("torch", "transformers", "sentence-transformers", "numpy", "safetensors")


def data_checksums(data: Path) -> dict[str, str]:
    """SHA-256 of the parquet file of each split, from the dataset's card."""
    return {split: facts["sha256"] for split, facts in read_card(data)["splits"].items()}


def write_record(record: dict, outcome: dict, data: Path, began: float, output: SimpleNamespace) -> None:
    """Write `output.history` and `output.run`: the record, with what the run was made of, with, and how long it took.

    Args:
        record: identity and settings of the run, and what training decided.
        outcome: what `fit` returned; of an encoder as it came, an empty `history`.
        data: folder of the prepared dataset, whose checksums are recorded.
        began: `time.monotonic()` at the start.
        output: named outputs of the rule.
    """
    write_history(outcome["history"], output.history)
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    git = subprocess.run(describe, capture_output=True, text=True, check=False)
    made_with = {
        "data": data_checksums(data),
        "commit": git.stdout.strip() or None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.machine()} CPU",
        "threads": torch.get_num_threads(),
        "tokens_per_second": outcome.get("tokens_per_second"),
        "wall_seconds": round(time.monotonic() - began, 1),
    }
    write_json(output.run, record | made_with)


def write_history(history: Sequence[dict], path: str | Path) -> None:
    """Write one row per epoch as CSV; an untrained encoder has only the header."""
    fields = list(history[0]) if history else ["epoch", "training_loss", "validation_loss"]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields)
        writer.writeheader()
        writer.writerows(history)
