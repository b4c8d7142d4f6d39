"""TextCNN against MiniLM in training, documents a second, and how long vocabulary and encoding of 20,000 texts take.

Texts as long as Reuters-21578's and with as many words that differ: four generated reports each, every tenth word a
compound of two. Training is a whole step (forward, backward, clipping, AdamW) of the supervised objective on the same
documents, cut at the same length. One thread; the encoders in turn, CPU time of the best of three rounds.
"""

import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, "workflow_scripts")

from pathlib import Path
from random import Random
from time import process_time

import numpy as np
import torch
import yaml
from pushpull.data.readers import read
from pushpull.encoders.build import build_encoder
from pushpull.encoders.sentence import tokenise
from pushpull.settings import defaults
from pushpull.training.optimiser import parameter_groups
from pushpull.training.supervised import Supervised

TEXTS, REPORTS, LABELS, MAX_TOKENS, BATCH, ROUNDS = 20_000, 4, 90, 300, 32, 3
STEPS = {"text_cnn": 12, "minilm": 2}  # of a round
COMPOUNDS, BAR, SECONDS_BAR = 20_000, 3, 10


def corpus():
    """Texts, and multi-hot labels of the first few, float32."""
    entry = {"reader": "generated", "corpus": "multilabel", "documents": {"train": TEXTS * REPORTS, "test": 24}}
    words = [row.text.split() for row in read(entry, None).splits["train"]]
    random, known = Random(0), sorted({word for report in words[:1000] for word in report})
    compounds = ["".join(random.sample(known, 2)).replace(".", "") for _ in range(COMPOUNDS)]
    for report in words:
        report[::10] = random.choices(compounds, k=len(report[::10]))
    groups = (words[begin : begin + REPORTS] for begin in range(0, len(words), REPORTS))
    texts = [" ".join(word for report in group for word in report) for group in groups]
    draws = np.random.default_rng(0).random((BATCH * max(STEPS.values()), LABELS))
    return texts, (draws < 1.2 / LABELS).astype(np.float32)


def trained(card, texts, labels, steps):
    """A function that trains an encoder for so many steps, after one that is not counted."""
    encoder = build_encoder(card, texts, labels)
    tokens = tokenise(encoder, texts[: BATCH * steps], MAX_TOKENS)
    settings = defaults("supervised") | {"loss": "bce"}
    objective = Supervised(encoder, LABELS, settings).train()
    optimizer = torch.optim.AdamW(parameter_groups(objective, settings), fused=True)

    def train(rows):
        loss = objective(tokens.batch(rows), torch.from_numpy(labels[rows]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(objective.parameters(), 1.0)
        optimizer.step()

    train(np.arange(BATCH))
    return lambda: [train(np.arange(step * BATCH, (step + 1) * BATCH)) for step in range(steps)]


def seconds(function):
    began = process_time()
    result = function()
    return process_time() - began, result


texts, labels = corpus()
cards = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["encoders"]
cards = {"text_cnn": {"architecture": "text_cnn"}, "minilm": cards["minilm"]}
prepared, encoder = seconds(lambda: build_encoder(cards["text_cnn"], texts, labels))
encoded, tokens = seconds(lambda: tokenise(encoder, texts, MAX_TOKENS))
sides = {name: trained(card, texts, labels, STEPS[name]) for name, card in cards.items()}
rounds = [{name: seconds(side)[0] for name, side in sides.items()} for _ in range(ROUNDS)]
pace = {name: STEPS[name] * BATCH / min(times[name] for times in rounds) for name in sides}
print(
    f"TextCNN trains on {pace['text_cnn']:.0f} documents a second, MiniLM on {pace['minilm']:.1f}: "
    f"{pace['text_cnn'] / pace['minilm']:.1f} times as many (bar {BAR}), {tokens.lengths.mean():.0f} words a text; "
    f"vocabulary of {len(encoder.tokenizer)} words from {TEXTS} texts {prepared:.1f} s, their encoding {encoded:.1f} s "
    f"(bar {SECONDS_BAR} together)"
)
sys.exit(int(pace["text_cnn"] < BAR * pace["minilm"] or prepared + encoded > SECONDS_BAR))
