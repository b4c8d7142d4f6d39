"""Which of a contrastive run's three checkpoints is kept, and which grid point a fine-tuning starts from."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

import numpy as np

from pushpull.evaluation.linear_probe import GRIDS, fit_probe, predict
from pushpull.evaluation.metrics import micro_f1


def choose_epoch(
    epochs: Iterable[int],
    embed: Callable[[int], tuple[np.ndarray, np.ndarray]],
    labels: np.ndarray,
    validation_labels: np.ndarray,
    seed: int,
    device: str,
    probe_grid: str,
) -> tuple[int, dict[int, float]]:
    """Probe each candidate epoch and return the one with the best validation micro-F1, and all scores.

    ABALONE, section 4.3: last, lowest training loss and lowest validation loss are each probed. A single candidate
    needs no probe; ties keep the earlier epoch.

    Args:
        embed: epoch -> (train [n, d], validation [m, d]) embeddings.
        labels: uint8 [n, L]; validation_labels: uint8 [m, L].
        probe_grid: "paper" or "released".
    """
    candidates = sorted(set(epochs))
    if len(candidates) == 1:
        return candidates[0], {}
    scores = {}
    for epoch in candidates:
        train, validation = embed(epoch)
        probe = fit_probe(
            train, labels, validation, validation_labels, seed=seed, device=device, grid=GRIDS[probe_grid]
        )
        scores[epoch] = micro_f1(validation_labels, predict(probe, validation) > 0.5)
        print(f"epoch {epoch}: linear probe, validation micro-F1 {scores[epoch]:.4f}")
    return max(candidates, key=scores.__getitem__), scores


def best_setting(metrics: dict[str, list[str | Path]]) -> str:
    """The setting whose linear probe has the best mean validation micro-F1 over seeds; the first one wins a tie.

    A single setting needs no score.

    Args:
        metrics: setting -> the metrics.csv of each of its seeds.
    """
    if len(metrics) == 1:
        return next(iter(metrics))
    return max(metrics, key=lambda setting: fmean(_validation_micro_f1(path) for path in metrics[setting]))


def _validation_micro_f1(path: str | Path) -> float:
    with Path(path).open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if (row["protocol"], row["split"], row["metric"]) == ("linear_probe", "validation", "micro_f1"):
                return float(row["value"])
    raise ValueError(f"{path} has no validation micro_f1 of the linear probe")
