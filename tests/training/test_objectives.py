"""What is trained: supervised losses as defined, weight decay and learning rates of all kinds, and cleaned text."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from four_texts import LABELS, batch_of
from pushpull.data.prepare import prepare
from pushpull.kinds import defaults
from pushpull.training.optimiser import parameter_groups
from pushpull.training.registry import load
from pushpull.training.run import load_corpus


@pytest.mark.parametrize("loss", ["bce", "focal", "asymmetric"])
def test_supervised_loss_is_the_registered_loss_of_the_logits(tiny_encoder, loss):
    settings = defaults("supervised") | {"task": "multi", "loss": loss, "dropout": 0.0}
    objective = load("supervised")(tiny_encoder, 3, settings).eval()
    batch = batch_of(tiny_encoder)
    logits = objective.classifier(tiny_encoder(dict(batch)))
    torch.testing.assert_close(objective(batch, LABELS), objective.loss(logits, LABELS))


def test_validation_sums_give_micro_f1(tiny_encoder):
    objective = load("supervised")(tiny_encoder, 3, defaults("supervised") | {"task": "multi", "loss": "bce"}).eval()
    batch = batch_of(tiny_encoder)
    with torch.no_grad():
        logits = objective.classifier(tiny_encoder(dict(batch)))
        sums = objective.validation_sums(batch, LABELS)
    decisions = (logits > 0).numpy()
    true_positives = (decisions & LABELS.bool().numpy()).sum()
    scores = objective.validation_scores(sums, len(LABELS))
    expected = 2 * true_positives / (decisions.sum() + LABELS.sum().item())
    assert scores["validation_micro_f1"] == pytest.approx(expected)
    assert scores["validation_loss"] == pytest.approx(objective.loss(logits, LABELS).item())


def test_biases_and_layer_norms_are_not_decayed_and_heads_have_their_own_rate(tiny_encoder, contrastive_settings):
    settings = contrastive_settings | {"learning_rate": 0.1, "head_learning_rate": 0.2, "weight_decay": 0.3}
    objective = load("contrastive")(tiny_encoder, 3, settings)
    found = {}
    for group in parameter_groups(objective, settings):
        for parameter in group["params"]:
            found[id(parameter)] = (group["lr"], group["weight_decay"])
    named = {name: found[id(p)] for name, p in objective.named_parameters() if p.requires_grad}
    assert named["encoder.model.embeddings.LayerNorm.weight"] == (0.1, 0.0)
    assert named["encoder.model.embeddings.word_embeddings.weight"] == (0.1, 0.3)
    assert named["head.output.bias"] == (0.2, 0.0)
    assert named["prototypes.weight"] == (0.2, 0.3)
    assert len(found) == len(named), "every trainable parameter is in exactly one group"


@pytest.mark.parametrize("kind", ["supervised", "contrastive", "label_wise"])
def test_without_a_head_learning_rate_all_groups_have_the_encoders(tiny_encoder, kind):
    loss = {"supervised": "bce", "contrastive": "msc", "label_wise": "mulcon"}[kind]
    chosen = {"task": "multi", "loss": loss, "learning_rate": 3e-5, "prototypes": kind == "contrastive"}
    rates = {}
    for head in (None, 7e-5):
        settings = defaults(kind) | chosen | {"head_learning_rate": head}
        objective = load(kind)(tiny_encoder, 3, settings)
        rates[head] = {group["lr"] for group in parameter_groups(objective, settings)}
    assert rates == {None: {3e-5}, 7e-5: {3e-5, 7e-5}}


def test_clean_text_reaches_the_tokens(tiny_encoder, tmp_path):
    raw, cleaned = "Naïve — GRAIN: 5\u20ac [up]!", "na ve grain 5 up !"
    rows = [{"body": text, "topics": ["grain"]} for text in (raw, cleaned)]
    files = {split: str(tmp_path / f"{split}.jsonl") for split in ("train", "validation", "test")}
    rows[1]["topics"].append("trade")
    for split, path in files.items():
        more = [] if split == "train" else [{"body": split, "topics": []}]
        Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows + more), encoding="utf-8")
    entry = {"title": "Own", "task": "multi", "reader": "jsonl", "text": "body", "labels": "topics", "files": files}
    prepare("own", entry, None, tmp_path / "own")
    tokens = {}
    for clean in (False, True):
        corpus = load_corpus(tmp_path / "own", "train", tiny_encoder, {"clean_text": clean, "max_tokens": 32})
        tokens[clean] = [corpus.tokens.batch(np.array([row]))["input_ids"].tolist() for row in (0, 1)]
    assert tokens[True][0] == tokens[True][1] == tokens[False][1]
    assert tokens[False][0] != tokens[True][0]
