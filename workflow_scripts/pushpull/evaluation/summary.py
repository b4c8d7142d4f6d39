"""All numbers of a run, one a row: metrics of decisions with their intervals, clustering, and how training went."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import fmean

import numpy as np

from pushpull.errors import InputError
from pushpull.evaluation.clustering import clustering_scores
from pushpull.evaluation.metrics import accuracy, hamming_loss, macro_f1, micro_f1
from pushpull.evaluation.significance import percentile_interval, resampled_f1
from pushpull.files import atomic_path

Row = tuple[str, str, str, float]
THIRDS = ("head", "middle", "tail")


def decision_rows(
    protocol: str, decisions: dict[str, dict[str, np.ndarray]], truth: dict[str, np.ndarray], task: str
) -> Iterator[Row]:
    """Yield (protocol, split, metric, value) for every rule and split of a protocol.

    The rule `half` goes by the protocol's name alone, every other as {protocol}_{rule}.

    Args:
        decisions: {rule: {split: bool [documents, labels]}}, from `protocols.read_decisions`.
        truth: {split: uint8 [documents, labels]}.
        task: "multi" or "single"; "single" adds accuracy.

    Raises:
        InputError: decisions and truth of a split differ in shape.
    """
    for rule, by_split in decisions.items():
        name = protocol if rule == "half" else f"{protocol}_{rule}"
        for split, decided in by_split.items():
            if decided.shape != truth[split].shape:
                raise InputError(
                    f"{name}: decisions for {split} are {decided.shape} [documents, labels], the dataset has "
                    f"{truth[split].shape}; delete the run's scores and run again"
                )
            for metric, value in _decision_metrics(truth[split], decided, task).items():
                yield name, split, metric, value


def clustering_rows(embeddings: np.ndarray, truth: np.ndarray) -> Iterator[Row]:
    """Yield (protocol, split, metric, value) of the test embeddings; metric = {name}@{percent kept}."""
    for scores in clustering_scores(embeddings, truth):
        percent = round(100 * scores.pop("share"))
        for metric, value in scores.items():
            yield "clustering", "test", f"{metric}@{percent}", value


def training_rows(history: str | Path, forces: str | Path | Sequence[str]) -> Iterator[Row]:
    """Yield ("training", split, "{column}@{epoch}", value) of a run's history and of its forces.

    Attraction and repulsion are means over the thirds of the labels by training documents: head, middle, tail. A label
    that met no pair in an epoch is left out of the epoch's mean; `attraction_labels_{third}` is the share that is not.

    Args:
        history: history.csv, a row per epoch.
        forces: forces.csv, a row per epoch and label, most frequent label first; nothing for a run that has none.
    """
    for row in _csv_rows(history):
        epoch = row.pop("epoch")
        for column, value in row.items():
            split = "train" if column.startswith("training") else "validation"
            yield "training", split, f"{column}@{epoch}", float(value)
    rows = _csv_rows(forces) if forces else []
    for epoch, of_epoch in groupby(rows, key=itemgetter("epoch")):
        labels = list(of_epoch)
        for third, part in zip(THIRDS, np.array_split(np.arange(len(labels)), len(THIRDS)), strict=True):
            for force in ("attraction", "repulsion"):
                values = [float(labels[index][force]) for index in part if labels[index][force]]
                yield "training", "train", f"{force}_labels_{third}@{epoch}", len(values) / max(1, len(part))
                if values:
                    yield "training", "train", f"{force}_{third}@{epoch}", fmean(values)


def write_rows(path: str | Path, rows: Iterable[Row]) -> None:
    """Write a CSV with header protocol,split,metric,value; values with all their digits, NaN as "nan"."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["protocol", "split", "metric", "value"])
        writer.writerows((protocol, split, metric, repr(value)) for protocol, split, metric, value in rows)


def _csv_rows(path: str | Path) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _decision_metrics(truth: np.ndarray, decided: np.ndarray, task: str) -> dict[str, float]:
    values = {
        "micro_f1": micro_f1(truth, decided),
        "macro_f1": macro_f1(truth, decided),
        "hamming_loss": hamming_loss(truth, decided),
    }
    if task == "single":
        values["accuracy"] = accuracy(truth, decided)
    for metric, resampled in resampled_f1(truth, decided).items():
        values[f"{metric}_low"], values[f"{metric}_high"] = percentile_interval(resampled)
    return values
