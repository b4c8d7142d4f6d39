"""Checkpoints of a run in progress: written whole in the background, checked when read, resumed to the same bits.

They live in a folder that is no declared output, because Snakemake deletes the outputs of a failed job.
"""

import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pushpull.errors import InputError
from pushpull.files import atomic_path, sha256, write_json

KEEP = 2  # the newest, and the one before it should the newest turn out damaged
SECONDS, SHARE = 120, 0.01
Weights = dict[int, dict[str, Tensor]]  # of epochs


def pause(took: float) -> float:
    """Seconds between two checkpoints: two minutes, or so many that writing one takes a hundredth of the time."""
    return max(SECONDS, took / SHARE)


class Writer:
    """Writes checkpoints while training goes on, one at a time, each from a copy in host memory."""

    def __init__(self, folder: Path, seconds: float | None) -> None:
        self.folder, self.seconds, self.took = folder, seconds, 0.0
        self.thread, self.writing, self.began = ThreadPoolExecutor(1), None, time.monotonic()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.shutdown()

    def due(self) -> bool:
        """Whether it is time for another one; where the last one could not be written, `wait` says so now."""
        if self.writing is not None and self.writing.done():
            self.wait()
        return time.monotonic() - self.began > (pause(self.took) if self.seconds is None else self.seconds)

    def start(self, objective: nn.Module, optimizer: torch.optim.Optimizer, kept: Weights, progress: dict) -> None:
        """Copy everything that the next step depends on, and begin to write it once the last one is written."""
        self.wait()
        self.began = time.monotonic()
        tensors, progress = state(objective, optimizer, kept), copy.deepcopy(progress)
        self.writing = self.thread.submit(self._save, tensors, progress)

    def _save(self, tensors: dict[str, Tensor], progress: dict) -> float:
        save(self.folder, tensors, progress)
        return time.monotonic() - self.began

    def wait(self) -> None:
        """Return when nothing is being written any more.

        Raises:
            OSError: the checkpoint could not be written (a full disk); the one before it is named.
        """
        writing, self.writing = self.writing, None
        try:
            self.took = writing.result() if writing is not None else self.took
        except (OSError, SafetensorError) as error:
            whole = max(self.folder.glob("step-*.json"), default=None)
            there = f"{whole.stem} is whole, training goes on there" if whole else "there is none before it"
            raise OSError(f"checkpoints cannot be written to {self.folder} ({there}): {error}") from error


def state(objective: nn.Module, optimizer: torch.optim.Optimizer, kept: Weights) -> dict[str, Tensor]:
    """A copy of what the next step depends on: objective (momentum encoder and queue too), optimiser, random numbers.

    Args:
        kept: weights of epochs that may turn out the best.
    """
    tensors = {f"objective.{name}": tensor for name, tensor in objective.state_dict().items()}
    for index, fields in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in fields.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    # Those of epochs are a copy that nobody changes.
    return copied(tensors) | {f"epoch.{e}.{name}": t for e, weights in kept.items() for name, t in weights.items()}


def copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy in host memory."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def save(folder: Path, tensors: dict[str, Tensor], progress: dict) -> None:
    """Write a checkpoint, and delete all but the last two.

    Args:
        tensors: what `state` returned, in host memory.
        progress: JSON-able state of the loop (step, identity, history, best epochs).
    """
    weights = folder / f"step-{progress['step']:08d}.safetensors"
    with atomic_path(weights) as temporary:
        save_file({name: tensors[name] for name in sorted(tensors)}, temporary)  # a resumed run writes the same bytes
    # The JSON file makes the checkpoint valid: it comes last and holds the hash of the tensors.
    # A resumed run's progress is that of its checkpoint, with the hash of that one's tensors in it.
    write_json(weights.with_suffix(".json"), {**progress, "sha256": sha256(weights)})
    for old in sorted(folder.glob("step-*.json"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)
    for rest in folder.glob(".*.part"):  # of a process that was killed while it wrote
        rest.unlink()


def load(
    folder: Path, objective: nn.Module, optimizer: torch.optim.Optimizer, identity: dict
) -> tuple[dict, Weights] | None:
    """Restore the newest whole checkpoint in place; return its progress and kept epochs, None where there is none.

    A damaged checkpoint is reported and the one before it is used.

    Raises:
        InputError: the checkpoint is of another run (settings, seed, data, code); the difference is shown.
    """
    for path in sorted(folder.glob("step-*.json"), reverse=True):
        try:
            progress = json.loads(path.read_text(encoding="utf-8"))
            weights = path.with_suffix(".safetensors")
            if sha256(weights) != progress["sha256"]:
                raise ValueError("its tensors do not have the recorded sha256")
            tensors = load_file(weights)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            print(f"checkpoint {path.name} is damaged ({error}); trying the one before it")
            continue
        _refuse_another_run(progress["identity"], identity, path)
        return progress, _restore(tensors, objective, optimizer)
    return None


def _refuse_another_run(found: dict, wanted: dict, path: Path) -> None:
    found, wanted = _flat(found), _flat(json.loads(json.dumps(wanted)))
    if found != wanted:
        keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        lines = "\n".join(f"  {key}: checkpoint {found.get(key)!r}, now {wanted.get(key)!r}" for key in keys)
        raise InputError(f"{path} is of another run:\n{lines}\nDelete the folder to start anew: {path.parent}")


def _flat(nested: dict, prefix: str = "") -> dict:
    """Nested dictionaries as one, with dotted keys, so that a difference is shown by its key alone."""
    flat: dict = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _restore(tensors: dict[str, Tensor], objective: nn.Module, optimizer: torch.optim.Optimizer) -> Weights:
    parts: dict[str, dict] = {"objective": {}, "optimizer": {}, "random": {}, "epoch": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    objective.load_state_dict(parts["objective"])
    optimizer.load_state_dict(
        {"state": _numbered(parts["optimizer"]), "param_groups": optimizer.state_dict()["param_groups"]}
    )
    torch.set_rng_state(parts["random"]["cpu"])
    if torch.cuda.is_available() and "cuda" in parts["random"]:
        torch.cuda.set_rng_state(parts["random"]["cuda"])
    return _numbered(parts["epoch"])


def _numbered(tensors: dict[str, Tensor]) -> Weights:
    """{"3.name": tensor} as {3: {"name": tensor}}."""
    found: Weights = {}
    for name, tensor in tensors.items():
        number, _, rest = name.partition(".")
        found.setdefault(int(number), {})[rest] = tensor
    return found
