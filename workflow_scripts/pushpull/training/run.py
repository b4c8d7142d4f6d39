"""One training run: from prepared data and an encoder to a model folder and the record of how it came about."""

import csv
import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pushpull.data.dataset import label_names, read_card, read_ids, read_labels, read_texts
from pushpull.data.label_texts import label_texts
from pushpull.encoders.build import build_encoder, needs_corpus
from pushpull.encoders.encoder import Encoder, pick_device, save_encoder, tokenise
from pushpull.encoders.heads import save_classifier
from pushpull.errors import InputError, unknown
from pushpull.files import atomic_path
from pushpull.training.batches import Corpus
from pushpull.training.loop import fit
from pushpull.training.record import data_checksums
from pushpull.training.registry import load

DISTANCES = "label_distances.csv"  # names of the classes, then a row of distances each, in the same order


class Trained(NamedTuple):
    """What training leaves: the objective, its corpora, the outcome of `fit`.

    `facts` is what the objective was told of the dataset: task, label texts.
    """

    objective: nn.Module
    train: Corpus
    validation: Corpus
    outcome: dict
    facts: dict


def load_corpus(data: Path, split: str, encoder: Encoder, settings: dict) -> Corpus:
    """Tokenise the texts of a split and read its labels. Training opens train and validation only."""
    names = label_names(read_card(data))
    tokens = tokenise(encoder, read_texts(data, split, settings["clean_text"]), settings["max_tokens"])
    return Corpus(tokens, read_labels(data, split, names).astype(np.float32), read_ids(data, split))


def first_documents(corpus: Corpus, documents: int | None) -> Corpus:
    """A random part of a corpus, the same for every run, for studies that train on fewer documents; all if None."""
    if documents is None or documents >= len(corpus.ids):
        return corpus
    rows = np.sort(np.random.default_rng(0).permutation(len(corpus.ids))[:documents])
    ids, lengths = corpus.tokens.ids, corpus.tokens.lengths
    keep = np.repeat(np.isin(np.arange(len(lengths)), rows), lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths[rows])])
    tokens = corpus.tokens._replace(ids=ids[keep], offsets=offsets)
    return Corpus(tokens, corpus.labels[rows], [corpus.ids[row] for row in rows])


def start_encoder(data: Path, card: dict, record: dict) -> Encoder:
    """The encoder that a run starts from; a word encoder is built from the training split, with the run's seed."""
    torch.manual_seed(record["seed"])
    if not needs_corpus(card):
        return build_encoder(card, None, None)
    texts = read_texts(data, "train", record["settings"]["clean_text"])
    return build_encoder(card, texts, read_labels(data, "train", label_names(read_card(data))))


def train(data: Path, encoder: Encoder, record: dict, folder: Path, label_file: str | None = None) -> Trained:
    """Train one method on one dataset; resumable through the checkpoints in `folder`.

    Args:
        data: folder of the prepared dataset.
        record: identity of the run, with resolved `settings` (`plan.py` makes them) and `seed`.
        folder: where checkpoints go; the caller deletes it once the outputs are written.
        label_file: the user's label texts, for training that reads them; None: those of the dataset's reader.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what determinism needs on a GPU
    torch.use_deterministic_algorithms(True)  # with warn_only, attention would keep its faster ways to sum gradients
    torch.utils.deterministic.fill_uninitialized_memory = False  # it costs 5 % of a step and changes no result
    _keep_freed_memory()
    torch.manual_seed(record["seed"])
    facts = _of_dataset(read_card(data), record["settings"], label_file)
    settings = record["settings"] | facts
    corpora = [load_corpus(data, split, encoder, settings) for split in ("train", "validation")]
    corpora[0] = first_documents(corpora[0], settings["train_documents"])
    objective = load(settings["kind"])(encoder, corpora[0].labels.shape[1], settings)
    folder.mkdir(parents=True, exist_ok=True)
    identity = record | {"data": data_checksums(data), "facts": facts}
    outcome = fit(objective, *corpora, settings, identity, pick_device(), folder)
    return Trained(objective, *corpora, outcome, facts)


def _keep_freed_memory() -> None:
    """Have glibc keep large blocks for the next step: to get pages from the system anew takes longer than to fill them.

    The gradient of 50,000 word vectors is 60 MB in every step, and glibc hands blocks over 32 MB back by default.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # other systems' libraries have none
        mallopt(-4, 0)  # M_MMAP_MAX: no block of its own mapping
        mallopt(-1, -1)  # M_TRIM_THRESHOLD: nothing goes back


def _of_dataset(card: dict, settings: dict, label_file: str | None) -> dict:
    """What an objective must know of its dataset: the task, confusable classes as pairs of columns, label texts."""
    names = label_names(card)
    for name in (name for pair in settings.get("confusable", []) for name in pair):
        if name not in names:
            raise InputError(f"datasets.{card['dataset']}.confusable: {unknown('class', name, names)}")
    pairs = [tuple(names.index(name) for name in pair) for pair in settings.get("confusable", [])]
    facts = {"task": card["task"], "pairs": pairs}
    if settings["kind"] != "text_label":
        return facts
    return facts | {"label_texts": label_texts(card, label_file, settings["label_text"])}


def restore_epoch(trained: Trained, epoch: int) -> None:
    """Put the weights of an epoch back into the encoder (and classifier) of the objective."""
    trained.objective.load_state_dict(trained.outcome["weights"][epoch], strict=False)


def save_model(objective: nn.Module, data: Path, folder: Path, max_tokens: int) -> None:
    """Write the encoder, and a classifier and label distances where there are any, as a folder for `open_encoder`."""
    save_encoder(objective.encoder, folder, max_tokens)
    if hasattr(objective, "classifier"):
        save_classifier(objective.classifier, folder / "classifier.safetensors")
    if hasattr(objective, "distances"):
        with atomic_path(folder / DISTANCES) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([label_names(read_card(data)), *objective.distances.tolist()])


def write_forces(forces: Sequence[dict], data: Path, path: str | Path) -> None:
    """Write attraction and repulsion of every label in every epoch as CSV, most frequent label first."""
    labels = read_card(data)["labels"]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["epoch", "label", "train_documents", "attraction", "repulsion"])
        for epoch, force in enumerate(forces, start=1):
            for label, *pair in zip(labels, force["attraction"], force["repulsion"], strict=True) if force else ():
                writer.writerow([epoch, label["name"], label["train"], *pair])
