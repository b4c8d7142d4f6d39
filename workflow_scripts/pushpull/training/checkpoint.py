"""Checkpoints of a run in progress: written whole, checked when read, resumed to the same bits.

They live in a folder that is no declared output, because Snakemake deletes the outputs of a failed job.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pushpull.errors import InputError
from pushpull.files import atomic_path, sha256, write_json

KEEP = 2  # the newest, and the one before it should the newest turn out damaged


def save(folder: Path, step: int, objective: nn.Module, optimizer: torch.optim.Optimizer, progress: dict) -> None:
    """Write everything that the next step depends on, and delete all but the last two checkpoints.

    Args:
        progress: JSON-able state of the loop (identity, history, best epochs). The tensors come from the objective
            (parameters, momentum encoder, queue), the optimiser and the random number generators.
    """
    tensors = {f"objective.{name}": tensor for name, tensor in objective.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    weights = folder / f"step-{step:08d}.safetensors"
    save_tensors(weights, tensors)
    # The JSON file makes the checkpoint valid: it comes last and holds the hash of the tensors.
    # A resumed run's progress is that of its checkpoint, with the hash of that one's tensors in it.
    write_json(weights.with_suffix(".json"), {**progress, "step": step, "sha256": sha256(weights)})
    for old in sorted(folder.glob("step-*.json"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)
    for rest in folder.glob(".*.part"):  # of a process that was killed while it wrote
        rest.unlink()


def load(folder: Path, objective: nn.Module, optimizer: torch.optim.Optimizer, identity: dict) -> dict | None:
    """Restore the newest whole checkpoint in place and return its progress; None where there is none.

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
        _restore(tensors, objective, optimizer)
        return progress
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


def _restore(tensors: dict[str, Tensor], objective: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    parts: dict[str, dict] = {"objective": {}, "optimizer": {}, "random": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    objective.load_state_dict(parts["objective"])
    state: dict[int, dict] = {}
    for name, tensor in parts["optimizer"].items():
        index, _, field = name.partition(".")
        state.setdefault(int(index), {})[field] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(parts["random"]["cpu"])
    if torch.cuda.is_available() and "cuda" in parts["random"]:
        torch.cuda.set_rng_state(parts["random"]["cuda"])


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors as safetensors, atomically; by name, so that a resumed run writes the same bytes."""
    with atomic_path(path) as temporary:
        save_file({name: tensors[name].detach().contiguous().cpu() for name in sorted(tensors)}, temporary)
