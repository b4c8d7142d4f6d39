"""The record of a run: what it was made of, with what, how long it took, and how training went."""

import csv
import os
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

CHECKOUT = Path(__file__).parents[3]
CODE = ("Snakefile", "rules/", "workflow_scripts/")
"""Where a file of the checkout is code, committed or not."""
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
    made_with = {
        "data": data_checksums(data),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.machine()} CPU",
        "threads": torch.get_num_threads(),
        "tokens_per_second": outcome.get("tokens_per_second"),
        "wall_seconds": round(time.monotonic() - began, 1),
    }
    write_json(output.run, record | made_with)


def commit(checkout: Path = CHECKOUT) -> str | None:
    """Return the commit of the workflow's own repository; None where its folder is not the top of one.

    It ends in "-dirty" if a committed file outside results/ is changed, or code lies there that is not committed.
    """
    top = _git(checkout, "rev-parse", "--show-toplevel").removesuffix("\n")
    head = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if not head or Path(top) != checkout.resolve():
        return None
    changes = _git(checkout, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".", ":(exclude)results")
    dirty = any(not line.startswith("?? ") or line[3:].startswith(CODE) for line in changes.split("\0") if line)
    return head + "-dirty" * dirty


def _git(checkout: Path, *arguments: str) -> str:
    # Another owner's folder is run, so it may be asked for its commit, too.
    command = ["git", "-c", f"safe.directory={checkout.resolve()}", "-C", str(checkout), *arguments]
    here = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    reads = {"encoding": "utf-8", "errors": "surrogateescape"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=here, **reads)
    except FileNotFoundError:  # no git
        return ""
    return done.stdout


def write_history(history: Sequence[dict], path: str | Path) -> None:
    """Write one row per epoch as CSV; an untrained encoder has only the header."""
    fields = list(history[0]) if history else ["epoch", "training_loss", "validation_loss"]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields)
        writer.writeheader()
        writer.writerows(history)
