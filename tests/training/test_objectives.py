"""What is trained: losses as defined, keys enqueued after the update, weight decay where the papers have it."""

import numpy as np
import pytest
import torch
from pushpull.encoders.sentence import forward, tokenise
from pushpull.settings import defaults
from pushpull.training.optimiser import parameter_groups
from pushpull.training.registry import load

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port"]
LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1]])


def batch_of(encoder):
    return tokenise(encoder, TEXTS, 16).batch(np.arange(len(TEXTS)))


def test_the_queue_holds_the_keys_of_the_batch_only_after_the_step(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings).eval()
    batch = batch_of(tiny_encoder)
    objective(batch, LABELS)
    assert len(objective.queue.filled()[0]) == 0
    objective.after_step(batch, LABELS)
    keys, labels = objective.queue.filled()
    assert torch.equal(labels, LABELS)
    with torch.no_grad():
        torch.testing.assert_close(keys, objective.momentum_head(forward(objective.momentum_encoder, batch)))


def test_loss_reaches_encoder_head_and_prototypes_but_not_momentum_or_queue(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings)
    batch = batch_of(tiny_encoder)
    objective.after_step(batch, LABELS)
    objective(batch, LABELS).backward()
    gradients = {name: parameter.grad for name, parameter in objective.named_parameters()}
    assert gradients["prototypes.weight"].abs().sum() > 0
    assert gradients["head.hidden.weight"].abs().sum() > 0
    assert gradients["encoder.0.model.encoder.layer.0.attention.self.query.weight"].abs().sum() > 0
    assert all(gradient is None for name, gradient in gradients.items() if name.startswith("momentum"))


def test_base_without_queue_has_no_momentum_encoder(tiny_encoder, contrastive_settings):
    plain = contrastive_settings | {"loss": "jaccard", "queue_size": 0, "prototypes": False}
    objective = load("contrastive")(tiny_encoder, 3, plain)
    assert not hasattr(objective, "momentum_encoder")
    assert torch.isfinite(objective(batch_of(tiny_encoder), LABELS))


@pytest.mark.parametrize("loss", ["bce", "focal", "asymmetric"])
def test_supervised_loss_is_the_registered_loss_of_the_logits(tiny_encoder, loss):
    settings = defaults("supervised") | {"loss": loss, "dropout": 0.0}
    objective = load("supervised")(tiny_encoder, 3, settings).eval()
    batch = batch_of(tiny_encoder)
    logits = objective.classifier(forward(tiny_encoder, batch))
    torch.testing.assert_close(objective(batch, LABELS), objective.loss(logits, LABELS))


def test_validation_sums_give_micro_f1(tiny_encoder):
    objective = load("supervised")(tiny_encoder, 3, defaults("supervised") | {"loss": "bce"}).eval()
    batch = batch_of(tiny_encoder)
    with torch.no_grad():
        logits = objective.classifier(forward(tiny_encoder, batch))
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
    assert named["encoder.0.model.embeddings.LayerNorm.weight"] == (0.1, 0.0)
    assert named["encoder.0.model.embeddings.word_embeddings.weight"] == (0.1, 0.3)
    assert named["head.output.bias"] == (0.2, 0.0)
    assert named["prototypes.weight"] == (0.2, 0.3)
    assert len(found) == len(named), "every trainable parameter is in exactly one group"
