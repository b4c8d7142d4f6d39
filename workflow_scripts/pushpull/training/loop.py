"""The training loop: one screen, every step the same, killed anywhere and resumed to the same bits."""

import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pushpull.encoders.encoder import use_bfloat16
from pushpull.encoders.tokens import Tokens
from pushpull.errors import InputError
from pushpull.training import checkpoint
from pushpull.training.optimiser import learning_rate_factor, parameter_groups

CHECKPOINT_SECONDS = 120
REPORT_SECONDS = 5
KEPT = ("encoder.", "classifier.", "distances")  # of the weights of an epoch: what is saved of a trained model
VALIDATION_BATCH = 256  # the validation loss depends on it, so it is fixed (released code of ABALONE)


class Corpus(NamedTuple):
    """Tokenised documents with their label sets: `labels` float32 [documents, L], `ids` for messages."""

    tokens: Tokens
    labels: np.ndarray
    ids: list[str]


def fit(
    objective: nn.Module,
    train: Corpus,
    validation: Corpus,
    settings: dict,
    identity: dict,
    device: str,
    folder: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> dict:
    """Train `objective` and return its `history` and `forces` (an entry per epoch), `best` ({rule: epoch}) and pace.

    The weights of the best epochs are left in `folder` as epoch-NNNN.safetensors. Batches are a pure function of
    (seed, epoch); a run that finds a checkpoint in `folder` goes on from it.

    Args:
        identity: JSON-able; what makes the run this run (`seed`, and settings, data, code). A checkpoint with another
            identity is refused.

    Raises:
        InputError: the loss is not finite (step and documents named), or the checkpoint is of another run.
        SystemExit: 143 or 130 after SIGTERM or SIGINT, with the state saved at the end of the step.
    """
    objective.to(device)
    optimizer = torch.optim.AdamW(parameter_groups(objective, settings), fused=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    per_epoch = steps_per_epoch(len(train.ids), settings["batch_size"], objective.compares_documents)
    total = per_epoch * settings["epochs"]
    progress = checkpoint.load(folder, objective, optimizer, identity)
    if progress:
        print(f"resuming at step {progress['step']} of {total}")
    progress = progress or {"step": 0, "identity": identity, "history": [], "forces": [], "best": {}, "loss_sum": 0.0}
    first = progress["step"]
    report = _Report(first, total, settings["batch_size"])
    saved = time.monotonic()

    with _caught_signals() as interrupted:
        for step in range(first, total):
            epoch, position = divmod(step, per_epoch)
            if position == 0 and out_of_patience(progress, settings.get("patience")):
                break
            if position == 0 or step == first:
                order = epoch_order(len(train.ids), identity["seed"], epoch)
            rows = order[position * settings["batch_size"] : (position + 1) * settings["batch_size"]]
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * learning_rate_factor(step, total, settings)
            loss = _step(objective.train(), optimizer, train, rows, device, step)
            progress |= {"step": step + 1, "loss_sum": progress["loss_sum"] + loss}
            report.line(step + 1, loss, train.tokens.lengths[rows])
            if position == per_epoch - 1:
                _finish_epoch(objective, validation, progress, epoch, per_epoch, device, folder)
            if interrupted or time.monotonic() - saved > checkpoint_seconds:
                checkpoint.save(folder, step + 1, objective, optimizer, progress)
                saved = time.monotonic()
            if interrupted:
                print(f"stopped by signal {interrupted[0]} and saved at step {step + 1}: the next run goes on there")
                raise SystemExit(128 + interrupted[0])
    return {key: progress[key] for key in ("history", "forces", "best")} | {"tokens_per_second": report.pace()}


def _step(objective: nn.Module, optimizer: torch.optim.Optimizer, train: Corpus, rows, device: str, step: int) -> float:
    batch = train.tokens.batch(rows, device)
    labels = torch.from_numpy(train.labels[rows]).to(device)
    with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
        loss = objective(batch, labels)
    value = _finite("loss", loss, train, rows, step)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    _finite("gradient norm", torch.nn.utils.clip_grad_norm_(objective.parameters(), 1.0), train, rows, step)
    optimizer.step()
    with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
        objective.after_step(batch, labels)
    return value


def _finite(what: str, value: torch.Tensor, train: Corpus, rows: np.ndarray, step: int) -> float:
    """`value` as a number; where it is none, stop before weights and checkpoints have it."""
    if math.isfinite(number := value.item()):
        return number
    ids = ", ".join(train.ids[row] for row in rows)
    raise InputError(
        f"the {what} is {number} at step {step}; documents of the batch: {ids}\nTry a lower learning_rate."
    )


def _finish_epoch(
    objective: nn.Module,
    validation: Corpus,
    progress: dict,
    epoch: int,
    steps: int,
    device: str,
    folder: Path,
) -> None:
    """Append to the history, and keep the epoch's weights where one of the best-epoch rules names it."""
    row = {"epoch": epoch + 1, "training_loss": progress["loss_sum"] / steps}
    row |= validate(objective, validation, device)
    progress["loss_sum"] = 0.0
    progress["history"].append(row)
    progress["forces"].append(objective.epoch_forces())
    progress["best"] = best_epochs(progress["history"])
    if epoch + 1 in progress["best"].values():
        kept = {n: t for n, t in objective.state_dict().items() if n.startswith(KEPT)}
        checkpoint.save_tensors(epoch_file(folder, epoch + 1), kept)
    # A resumed run replays the epochs since its checkpoint, so a file that no rule names now is never needed again.
    named = {epoch_file(folder, number) for number in progress["best"].values()}
    for path in set(folder.glob("epoch-*.safetensors")) - named:
        path.unlink()
    objective.after_epoch(epoch + 1)
    print("  ".join(f"{key} {value:.4f}" if key != "epoch" else f"epoch {value}:" for key, value in row.items()))


def best_epochs(history: list[dict]) -> dict[str, int]:
    """Epochs worth keeping, by rule; the earlier one wins a tie.

    Supervised: highest validation micro-F1. Contrastive: last, lowest training loss, lowest validation loss, of which
    the linear probe picks (ABALONE, section 4.3).
    """
    if "validation_micro_f1" in history[-1]:
        return {"highest_validation_micro_f1": max(history, key=lambda row: row["validation_micro_f1"])["epoch"]}
    lowest = {
        f"lowest_{name}": min(history, key=lambda row: row[name])["epoch"]
        for name in ("training_loss", "validation_loss")
    }
    return {"last": history[-1]["epoch"], **lowest}


def out_of_patience(progress: dict, patience: int | None) -> bool:
    """Whether the last `patience` epochs brought no higher validation micro-F1; never without a `patience`."""
    if patience is None or not progress["history"]:
        return False
    waited = len(progress["history"]) - progress["best"]["highest_validation_micro_f1"]
    if waited >= patience:
        print(f"validation micro-F1 has not risen for {waited} epochs: training ends")
    return waited >= patience


@torch.no_grad()
def validate(objective: nn.Module, validation: Corpus, device: str) -> dict[str, float]:
    """Scores over fixed batches of 256; where documents are compared, an incomplete last batch is skipped."""
    objective.eval()
    size = min(VALIDATION_BATCH, len(validation.ids))
    last = len(validation.ids) - (size if objective.compares_documents else 1)
    sums: dict[str, torch.Tensor] = {}
    documents = 0
    for start in range(0, last + 1, size):
        rows = np.arange(start, min(start + size, len(validation.ids)))
        labels = torch.from_numpy(validation.labels[rows]).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
            found = objective.validation_sums(validation.tokens.batch(rows, device), labels)
        sums = {name: sums.get(name, 0) + value.double() for name, value in found.items()}
        documents += len(rows)
    return objective.validation_scores(sums, documents)


def steps_per_epoch(documents: int, batch_size: int, whole_batches: bool) -> int:
    """Batches of an epoch; contrastive training drops an incomplete last one (ABALONE, released code)."""
    whole, rest = divmod(documents, batch_size)
    return max(1, whole + bool(rest and not whole_batches))


def epoch_order(documents: int, seed: int, epoch: int) -> np.ndarray:
    """The order of documents in an epoch, a pure function of seed and epoch."""
    return torch.randperm(documents, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch)).numpy()


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where the weights of an epoch are kept during training."""
    return folder / f"epoch-{epoch:04d}.safetensors"


@contextmanager
def _caught_signals() -> Iterator[list[int]]:
    """Turn SIGTERM (preemption, time limit) and Ctrl-C into an entry of a list that is looked at after each step."""
    caught: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda received, _: caught.append(received)) for number in numbers]
    try:
        yield caught
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Report:
    """One line every few seconds: loss, speed, padding, time left. No bar: jobs run side by side and into logs."""

    def __init__(self, start: int, total: int, batch_size: int) -> None:
        self.start, self.total, self.batch_size = start, total, batch_size
        self.tokens = 0
        self.began = self.last = time.monotonic()

    def line(self, step: int, loss: float, lengths: np.ndarray) -> None:
        now = time.monotonic()
        self.tokens += int(lengths.sum())
        if now - self.last < REPORT_SECONDS and step != self.total:
            return
        self.last = now
        pace = (now - self.began) / (step - self.start)
        left = time.strftime("%H:%M:%S", time.gmtime(pace * (self.total - step)))
        print(
            f"step {step}/{self.total}  loss {loss:.4f}  {pace * 1e3:.0f} ms/step  "
            f"{self.batch_size / pace:.0f} documents/s  padding {1 - lengths.mean() / lengths.max():.0%}  {left} left",
            file=sys.stderr,
        )

    def pace(self) -> float | None:
        """Training tokens a second in this process, validation and checkpoints included; None if it trained none."""
        return round(self.tokens / (time.monotonic() - self.began), 1) if self.tokens else None
