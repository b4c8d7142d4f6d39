"""The training loop: one screen, every step the same, killed anywhere and resumed to the same bits.

It never waits for the device: a step's loss and norm are looked at while the next step runs, the next batch is made
meanwhile, and checkpoints are written beside.
"""

import math
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pushpull.encoders.encoder import use_bfloat16
from pushpull.encoders.tokens import Tokens
from pushpull.errors import InputError
from pushpull.training import checkpoint
from pushpull.training.batches import Batch, Corpus, batches, rows_of_steps, steps_per_epoch, to_device
from pushpull.training.optimiser import learning_rate_factor, parameter_groups

REPORT_SECONDS = 5
KEPT = ("encoder.", "classifier.", "distances")  # of the weights of an epoch: what is saved of a trained model
VALIDATION_BATCH = 256  # the validation loss depends on it, so it is fixed (released code of ABALONE)


class Sent(NamedTuple):
    """Loss and gradient norm of a step on their way to the host, `numbers` float32 [2], there once `arrived`."""

    step: int
    rows: np.ndarray
    numbers: Tensor
    arrived: torch.cuda.Event | None


def fit(
    objective: nn.Module,
    train: Corpus,
    validation: Corpus,
    settings: dict,
    identity: dict,
    device: str,
    folder: Path,
    checkpoint_seconds: float | None = None,
) -> dict:
    """Train `objective`; return its `history` and `forces` (an entry per epoch), `best` ({rule: epoch}), `weights`.

    `weights` are those of the best epochs, {epoch: {name: tensor}}; `tokens_per_second` is beside them. Batches are a
    pure function of (seed, epoch); a run that finds a checkpoint in `folder` goes on from it.

    Args:
        identity: JSON-able; what makes the run this run (`seed`, and settings, data, code). A checkpoint with another
            identity is refused.
        checkpoint_seconds: from one checkpoint to the next; None: as `checkpoint.pause` has it.

    Raises:
        InputError: the loss is not finite (step and documents named), or the checkpoint is of another run.
        OSError: a checkpoint could not be written.
        SystemExit: 143 or 130 after SIGTERM or SIGINT, with the state saved at the end of the step.
    """
    objective.to(device).train()
    optimizer = torch.optim.AdamW(parameter_groups(objective, settings), fused=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    per_epoch = steps_per_epoch(len(train.ids), settings["batch_size"], objective.compares_documents)
    total = per_epoch * settings["epochs"]
    progress = {"step": 0, "identity": identity, "history": [], "forces": [], "best": {}, "loss_sum": 0.0}
    progress, kept = checkpoint.load(folder, objective, optimizer, identity) or (progress, {})
    if first := progress["step"]:
        print(f"resuming at step {first} of {total}")
    report = _Report(first, total, settings["batch_size"])
    order = rows_of_steps(len(train.ids), settings["batch_size"], identity["seed"], per_epoch, range(first, total))
    sent: deque[Sent] = deque()

    with (
        _caught_signals() as interrupted,
        checkpoint.Writer(folder, checkpoint_seconds) as writer,
        batches(objective, train, order, device) as made,
    ):
        for step, (rows, batch) in enumerate(made, first):
            epoch, position = divmod(step, per_epoch)
            if position == 0 and out_of_patience(progress, settings.get("patience")):
                break
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * learning_rate_factor(step, total, settings)
            sent.append(Sent(step, rows, *_step(objective, optimizer, batch, device)))
            stop, epoch_ends = bool(interrupted), position == per_epoch - 1
            save = stop or writer.due()
            while len(sent) > (0 if save or epoch_ends else 1):
                progress["loss_sum"] += (loss := _finite(sent[0], train))
                report.line(sent[0].step + 1, loss, train.tokens, sent.popleft().rows)
            progress["step"] = step + 1
            if epoch_ends:
                _finish_epoch(objective, validation, progress, kept, epoch, per_epoch, device)
            if save:
                writer.start(objective, optimizer, kept, progress)
            if stop:
                writer.wait()
                print(f"stopped by signal {interrupted[0]} and saved at step {step + 1}: the next run goes on there")
                raise SystemExit(128 + interrupted[0])
        writer.wait()
    for number in set(progress["best"].values()) - kept.keys():  # the last epoch's are there still
        kept[number] = _weights(objective)
    outcome = {key: progress[key] for key in ("history", "forces", "best")}
    return outcome | {"weights": kept, "tokens_per_second": report.pace()}


def _step(
    objective: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, device: str
) -> tuple[Tensor, torch.cuda.Event | None]:
    """Take a step; where loss or gradient are not finite, the optimiser leaves the weights as they are."""
    batch, labels = to_device(batch, device)
    with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
        loss = objective(batch, labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(objective.parameters(), 1.0)
    numbers = torch.stack([loss.detach().float(), norm.float()])
    optimizer.found_inf = 1 - numbers.isfinite().all().float()  # the fused kernel reads it on the device
    optimizer.step()
    with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
        objective.after_step(batch, labels)
    numbers = numbers.to("cpu", non_blocking=True)
    return numbers, torch.cuda.current_stream().record_event() if device == "cuda" else None


def _finite(sent: Sent, train: Corpus) -> float:
    """The loss that a step had; where it or the gradient's norm is no number, stop before a checkpoint follows it."""
    if sent.arrived is not None:
        sent.arrived.synchronize()
    loss, norm = sent.numbers.tolist()
    for what, number in (("loss", loss), ("gradient norm", norm)):
        if not math.isfinite(number):
            ids = ", ".join(train.ids[row] for row in sent.rows)
            raise InputError(
                f"the {what} is {number} at step {sent.step}; documents of the batch: {ids}\nTry a lower learning_rate."
            )
    return loss


def _finish_epoch(
    objective: nn.Module, validation: Corpus, progress: dict, kept: dict, epoch: int, steps: int, device: str
) -> None:
    """Append to the history, and keep a copy of the epoch's weights where one of the best-epoch rules names it."""
    row = {"epoch": epoch + 1, "training_loss": progress["loss_sum"] / steps}
    row |= validate(objective, validation, device)
    objective.train()
    progress["loss_sum"] = 0.0
    progress["history"].append(row)
    progress["forces"].append(objective.epoch_forces())
    progress["best"] = best_epochs(progress["history"])
    named = {number for rule, number in progress["best"].items() if rule != "last"}  # which is there at the end
    for number in kept.keys() - named:
        del kept[number]
    if epoch + 1 in named:
        kept[epoch + 1] = _weights(objective)
    objective.after_epoch(epoch + 1)
    print("  ".join(f"{key} {value:.4f}" if key != "epoch" else f"epoch {value}:" for key, value in row.items()))


def _weights(objective: nn.Module) -> Batch:
    return checkpoint.copied({name: t for name, t in objective.state_dict().items() if name.startswith(KEPT)})


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
    rows = [np.arange(start, min(start + size, len(validation.ids))) for start in range(0, last + 1, size)]
    sums: dict[str, Tensor] = {}
    with batches(objective, validation, rows, device) as made:
        for _, batch in made:
            batch, labels = to_device(batch, device)
            with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
                found = objective.validation_sums(batch, labels)
            sums = {name: sums.get(name, 0) + value.double() for name, value in found.items()}
    return objective.validation_scores(sums, sum(map(len, rows)))


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

    def line(self, step: int, loss: float, tokens: Tokens, rows: np.ndarray) -> None:
        now, lengths = time.monotonic(), tokens.offsets[rows + 1] - tokens.offsets[rows]
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
