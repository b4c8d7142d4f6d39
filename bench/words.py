"""TextCNN against MiniLM in training, documents a second, and how long vocabulary and encoding of 20,000 texts take.

Texts of 130 words, as in Reuters-21578: generated reports, every tenth word a compound of two, for a vocabulary of
that size. Training is a whole step (forward, backward, clipping, AdamW) of the supervised objective on the same
documents, cut at the same length. One thread; both encoders in turn, CPU time of the best of three rounds.
"""

import os
import sys

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
sys.path.insert(0, "workflow_scripts")

from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from time import process_time

import numpy as np
import torch
import yaml
from pushpull.data.readers import read
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import tokenise
from pushpull.kinds import defaults
from pushpull.training.optimiser import parameter_groups
from pushpull.training.supervised import Supervised

TEXTS, REPORTS, WORDS, LABELS, MAX_TOKENS, BATCH, ROUNDS = 20_000, 4, 130, 90, 128, 32, 3
STEPS = {"text_cnn": 12, "minilm": 2}  # of a round
COMPOUNDS, BAR, SECONDS_BAR = 20_000, 3, 20


def corpus():
    """Texts, and multi-hot labels of the first few, float32."""
    entry = {"reader": "generated", "corpus": "multilabel", "documents": {"train": TEXTS * REPORTS, "test": 24}}
    words = [row.text.split() for row in read(entry, None).splits["train"]]
    random, known = Random(0), sorted({word for report in words[:1000] for word in report})
    compounds = ["".join(random.sample(known, 2)).replace(".", "") for _ in range(COMPOUNDS)]
    for report in words:
        report[::10] = random.choices(compounds, k=len(report[::10]))
    groups = (words[begin : begin + REPORTS] for begin in range(0, len(words), REPORTS))
    texts = [" ".join(list(chain.from_iterable(group))[:WORDS]) for group in groups]
    draws = np.random.default_rng(0).random((BATCH * max(STEPS.values()), LABELS))
    return texts, (draws < 1.2 / LABELS).astype(np.float32)


def trained(card, texts, labels, steps):
    """A function that trains an encoder for so many steps, after one that is not counted."""
    encoder = build_encoder(card, texts, labels)
    tokens = tokenise(encoder, texts[: BATCH * steps], MAX_TOKENS)
    settings = defaults("supervised") | {"loss": "bce", "task": "multi"}
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
passes = []
for _ in range(ROUNDS):
    vocabulary, encoder = seconds(lambda: build_encoder(cards["text_cnn"], texts, labels))
    encoding, _ = seconds(partial(tokenise, encoder, texts, MAX_TOKENS))
    passes.append((vocabulary, encoding))
vocabulary, encoding = min(passes, key=sum)
sides = {name: trained(card, texts, labels, STEPS[name]) for name, card in cards.items()}
rounds = [{name: seconds(side)[0] for name, side in sides.items()} for _ in range(ROUNDS)]
pace = {name: STEPS[name] * BATCH / min(times[name] for times in rounds) for name in sides}
ratio = pace["text_cnn"] / pace["minilm"]
print(
    f"training on texts cut at {MAX_TOKENS} tokens: TextCNN {pace['text_cnn']:.0f} documents a second, MiniLM "
    f"{pace['minilm']:.1f}: {ratio:.1f} times as many (bar {BAR}); {TEXTS} texts: vocabulary of "
    f"{len(encoder.tokenizer)} words {vocabulary:.1f} s, encoding {encoding:.1f} s (bar {SECONDS_BAR} together)"
)
sys.exit(int(ratio < BAR or vocabulary + encoding > SECONDS_BAR))
