"""Packed batches against padded ones, the same encoder and documents: a step of training and embedding.

MiniLM whole, trained with its dropout: batches of 32 random documents, forward and backward through the sum of their
vectors; embedding as the pipeline does it, sorted by length. Lengths follow the quantiles of real training splits, ids
are random. Both sides in turn on the same batches, best wall time of two rounds, on one thread and on two; in eval
mode the vectors must be the same.
"""

import os
import sys

os.environ |= {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
sys.path.insert(0, "workflow_scripts")

from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import numpy as np
import torch
import yaml
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import embed, forward
from pushpull.encoders.packing import pack
from pushpull.encoders.tokens import Tokens

BATCH, BATCHES, ROUNDS, EMBED_BAR = 32, 4, 2, 0.95
# MiniLM's tokens at 0, 5, ... 100 % of the documents, and the bar of a step.
LENGTHS = {
    "SemEval-2018 cut at 64": (
        [3, 10, 13, 16, 18, 19, 21, 23, 25, 26, 28, 30, 31, 33, 34, 35, 37, 38, 40, 43, 64],
        1.3,
    ),
    "Reuters-21578 cut at 128": (
        [9, 21, 33, 46, 62, 76, 88, 98, 108, 119, 127, *[128] * 10],
        1.05,
    ),
}


def corpus(quantiles):
    """Random ids; lengths between the quantiles are as likely as those of the split."""
    random = np.random.default_rng(0)
    lengths = np.interp(random.random(BATCH * BATCHES), np.linspace(0, 1, len(quantiles)), quantiles).astype(int)
    return Tokens.from_rows([random.integers(1000, 30000, length).tolist() for length in lengths], pad=0)


def train(tokens, number):
    forward(encoder.train(), tokens.batch(np.arange(number * BATCH, (number + 1) * BATCH))).sum().backward()
    encoder.zero_grad(set_to_none=True)


def embed_all(tokens, _):
    return embed(encoder, tokens, "cpu")


def seconds(work, tokens, number, packs):
    with patch("pushpull.encoders.pooling.pack", pack if packs else lambda *_: None):
        began = perf_counter()
        work(tokens, number)
        return perf_counter() - began


def times_as_fast(work, tokens, repeats):
    spent = [
        [[seconds(work, tokens, number, packs) for packs in (True, False)] for number in range(repeats)]
        for _ in range(ROUNDS)
    ]
    packed, padded = np.min(spent, axis=0).sum(axis=0)
    return padded / packed


card = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["encoders"]["minilm"]
encoder, failed = build_encoder(card, None, None), False

for name, (quantiles, bar) in LENGTHS.items():
    tokens = corpus(quantiles)
    with patch("pushpull.encoders.pooling.pack", lambda *_: None):
        padded = embed_all(tokens, 0)
    np.testing.assert_allclose(embed_all(tokens, 0), padded, atol=1e-5)
    lengths = tokens.lengths.reshape(BATCHES, BATCH)
    padding = 1 - lengths.sum() / (lengths.max(axis=1) * BATCH).sum()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        step, embedding = times_as_fast(train, tokens, BATCHES), times_as_fast(embed_all, tokens, 1)
        failed |= step < bar or embedding < EMBED_BAR
        print(
            f"packed batches of {name} ({padding:.0%} padding), threads {threads}: a step {step:.2f} times as fast as "
            f"padded (bar {bar}), embedding {embedding:.2f} times (bar {EMBED_BAR})"
        )
sys.exit(int(failed))
