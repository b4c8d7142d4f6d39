"""From a run's embeddings to scores and decisions, protocol by protocol. Nothing here opens the test labels."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pushpull.data.dataset import label_names, read_card, read_labels
from pushpull.evaluation import knn
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.dbc.cosines import cosines
from pushpull.evaluation.protocols import (
    SPLITS,
    half,
    load_embeddings,
    one_best,
    read_array,
    write_decisions,
    write_scores,
)

Nearest = dict[str, tuple[np.ndarray, np.ndarray]]


class Evaluated(NamedTuple):
    """A run about to be scored: its folder, its dataset's task, label names and labels, and its embeddings by split.

    `labels` are uint8 [documents, L] of the training and validation split; `embeddings` float32 [documents, d].
    """

    folder: Path
    task: str
    names: list[str]
    labels: dict[str, np.ndarray]
    embeddings: dict[str, np.ndarray]


def open_run(folder: Path, data: Path) -> Evaluated:
    """Open the embeddings of the run in `folder` and the labels of the dataset in `data`.

    Raises:
        InputError: a file is damaged, not finite, or of another number of documents.
    """
    card = read_card(data)
    names = label_names(card)
    labels = {split: read_labels(data, split, names) for split in ("train", "validation")}
    embeddings = {
        split: load_embeddings(folder / f"embeddings/{split}.npy", len(labels[split]) if split in labels else None)
        for split in ("train", *SPLITS)
    }
    return Evaluated(folder, card["task"], names, labels, embeddings)


def classify(run: Evaluated) -> None:
    """Decide by the scores of the run's own classifier, which the encoder's job has written."""
    scores = [read_array(run.folder / f"classifier/{split}.npy") for split in SPLITS]
    write_decisions(run.folder / "classifier", {"half": tuple(half(score, run.task) for score in scores)})


def linear_probe(run: Evaluated, seed: int, grid: str, threads: int) -> None:
    """Fit linear probes on the training embeddings, on a GPU if there is one; score and decide by them."""
    # Runs with a classifier of their own need no torch here.
    import torch

    from pushpull.evaluation.linear_probe import GRIDS, decide, fit_probe, predict

    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fitted_on = (part[split] for split in ("train", "validation") for part in (run.embeddings, run.labels))
    probe = fit_probe(*fitted_on, seed=seed, grid=GRIDS[grid], device=device)
    scores = [predict(probe, run.embeddings[split]) for split in SPLITS]
    decisions = {"half": tuple(decide(score, run.task) for score in scores)}
    write_scores(run.folder / "linear_probe", *scores, decisions)


def nearest_neighbours(run: Evaluated, k: int) -> Nearest:
    """Return {split: (distances, row indices of the training split)}, each [documents, k], nearest first."""
    datastore = knn.Datastore(run.embeddings["train"])
    return {split: datastore.nearest(run.embeddings[split], k) for split in SPLITS}


def vote(run: Evaluated, nearest: Nearest, model: str, k: int, temperature: float, proportion: float) -> None:
    """Score by the vote of the k nearest; rule `half` decides by it alone, `mixed` with a share of the model's scores.

    Args:
        model: the protocol whose scores are mixed in, `1 - proportion` of them (kNN-MLTC, equation 8).
    """
    votes, mixed = [], []
    for split in SPLITS:
        distances, indices = (found[:, :k] for found in nearest[split])
        votes.append(knn.neighbour_scores(distances, indices, run.labels["train"], temperature))
        mixed.append(knn.interpolate(votes[-1], model_scores(run, model, split), proportion))
    decisions = {
        rule: tuple(half(score, run.task) for score in scores) for rule, scores in (("half", votes), ("mixed", mixed))
    }
    write_scores(run.folder / "knn", *votes, decisions)


def model_scores(run: Evaluated, protocol: str, split: str) -> np.ndarray:
    """Return the scores that a protocol has written, float32 [documents, labels]."""
    return read_array(run.folder / f"{protocol}/{split}.npy")


def label_vectors(run: Evaluated) -> np.ndarray:
    """Return the embeddings of the label texts, float32 [labels, d]."""
    return load_embeddings(run.folder / "dbc/labels.npy", len(run.names))


def compare_with_labels(run: Evaluated) -> None:
    """Score by the cosine of document and label texts; decide by every threshold rule (DBC).

    dbc/thresholds.csv gets the thresholds; of a single-label task, where the rule is `nearest`, there are none.
    """
    vectors = label_vectors(run)
    validation, test = (cosines(run.embeddings[split], vectors) for split in SPLITS)
    if run.task == "multi":
        decisions, thresholds = dbc.decide(validation, run.labels["validation"], test)
    else:
        decisions, thresholds = {"nearest": (one_best(validation), one_best(test))}, {}
    write_scores(run.folder / "dbc", dbc.to_scores(validation), dbc.to_scores(test), decisions)
    dbc.write_thresholds(run.folder / "dbc", run.names, thresholds)
