"""Which of a contrastive run's three checkpoints is kept, and which grid point a fine-tuning starts from."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

from torch.nn import Module

from pushpull.encoders.encoder import embed
from pushpull.evaluation.linear_probe import GRIDS, fit_probe, predict
from pushpull.evaluation.metrics import micro_f1
from pushpull.training.batches import Corpus


def choose_epoch(epochs: Iterable[int], score: Callable[[int], float]) -> tuple[int, dict[int, float]]:
    """Score each candidate epoch and return the best one, and all scores.

    ABALONE, section 4.3: last, lowest training loss and lowest validation loss are compared. A single candidate needs
    no score; ties keep the earlier epoch.

    Args:
        score: epoch -> a score of its weights on validation, more is better.
    """
    candidates = sorted(set(epochs))
    if len(candidates) == 1:
        return candidates[0], {}
    scores = {}
    for epoch in candidates:
        scores[epoch] = score(epoch)
        print(f"epoch {epoch}: {scores[epoch]:.4f} on validation")
    return max(candidates, key=scores.__getitem__), scores


def probe_score(objective: Module, train: Corpus, validation: Corpus, settings: dict, seed: int, device: str) -> float:
    """Micro-F1 on validation of a linear probe on the objective's encoder."""
    vectors = [embed(objective.encoder, corpus.tokens, device) for corpus in (train, validation)]
    labels = [corpus.labels.astype("uint8") for corpus in (train, validation)]
    grid = GRIDS[settings["probe_grid"]]
    probe = fit_probe(vectors[0], labels[0], vectors[1], labels[1], seed=seed, device=device, grid=grid)
    return micro_f1(labels[1], predict(probe, vectors[1]) > 0.5)


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
