"""What is trained: losses as defined, keys enqueued after the update, weight decay where the papers have it."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from pushpull.data.prepare import prepare
from pushpull.encoders.encoder import forward, tokenise
from pushpull.losses import registry
from pushpull.settings import defaults
from pushpull.training.optimiser import parameter_groups
from pushpull.training.registry import load
from pushpull.training.run import load_corpus

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
    assert named["encoder.0.model.embeddings.LayerNorm.weight"] == (0.1, 0.0)
    assert named["encoder.0.model.embeddings.word_embeddings.weight"] == (0.1, 0.3)
    assert named["head.output.bias"] == (0.2, 0.0)
    assert named["prototypes.weight"] == (0.2, 0.3)
    assert len(found) == len(named), "every trainable parameter is in exactly one group"


def gradients(objective, batch, labels=LABELS):
    """Loss of a batch, and the gradient of every parameter by name."""
    value = objective(batch, labels)
    value.backward()
    return value.detach(), {name: parameter.grad for name, parameter in objective.named_parameters()}


QUERY = "encoder.0.model.encoder.layer.0.attention.self.query.weight"
EQUAL = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 1]])  # SupCon needs two equal label sets


@pytest.mark.parametrize("loss", sorted(registry.CONTRASTIVE))
def test_every_registered_loss_reaches_encoder_head_and_prototypes(tiny_encoder, contrastive_settings, loss):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings | {"loss": loss})
    batch = batch_of(tiny_encoder)
    objective.after_step(batch, EQUAL)
    value, found = gradients(objective, batch, EQUAL)
    assert math.isfinite(value)
    assert value != 0
    for name in (QUERY, "head.hidden.weight", "head.output.weight", "prototypes.weight"):
        assert torch.isfinite(found[name]).all()
        assert found[name].abs().sum() > 0, name
    assert not objective.queue.keys.requires_grad
    assert all(gradient is None for name, gradient in found.items() if name.startswith("momentum"))


def test_msc_of_an_objective_is_the_formula_over_batch_queue_and_prototypes(tiny_encoder, contrastive_settings):
    settings = contrastive_settings | {"negative_weight": 0.2, "temperature": 0.3}
    objective = load("contrastive")(tiny_encoder, 3, settings).eval()
    batch = batch_of(tiny_encoder)
    objective.queue.push(torch.nn.functional.normalize(torch.randn(3, 256), dim=1), torch.eye(3))
    with torch.no_grad():
        anchors, own = objective.head(forward(tiny_encoder, batch)), objective.prototypes()
        value = objective(batch, LABELS).item()
    texts = torch.cat([anchors, objective.queue.keys[:3]])
    sets = [set(row.nonzero().flatten().tolist()) for row in torch.cat([LABELS, torch.eye(3)])]
    expected = 0.0
    for i in range(4):
        similar = [(anchors[i] @ vector / 0.3).item() for vector in [*texts, *own]]
        denominator = sum((0.2 if k < 7 else 1.0) * math.exp(s) for k, s in enumerate(similar) if k != i)
        for j in sets[i]:
            factor = {k: 1 / len(sets[i] | sets[k]) for k in range(7) if k != i and j in sets[k]} | {7 + j: 1.0}
            logs = sum(f * math.log(math.exp(similar[k]) / denominator) for k, f in factor.items())
            expected -= logs / sum(factor.values()) / len(sets[i]) / 4
    assert abs(expected) > 0.1
    assert value == pytest.approx(expected, rel=1e-5)


def test_jscl_of_an_objective_has_the_constant_of_its_formula(tiny_encoder, contrastive_settings):
    plain = {"loss": "jscl", "queue_size": 0, "prototypes": False, "negative_weight": 1.0, "temperature": 0.3}
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings | plain).eval()
    batch = batch_of(tiny_encoder)
    with torch.no_grad():
        vectors = objective.head(forward(tiny_encoder, batch))
        value = objective(batch, LABELS).item()
    sets, expected = [set(row.nonzero().flatten().tolist()) for row in LABELS], 0.0
    for i in range(4):
        s = {k: math.exp((vectors[i] @ vectors[k]).item() / 0.3) for k in range(4) if k != i}
        for k in s:
            if sets[i] & sets[k]:
                jaccard = len(sets[i] & sets[k]) / len(sets[i] | sets[k])
                expected -= math.log(jaccard * s[k] / sum(s.values())) / 16
    assert expected > 0.1
    assert value == pytest.approx(expected, rel=1e-5)


def test_slots_of_the_queue_that_are_not_in_use_are_not_looked_at(tiny_encoder, contrastive_settings):
    roomy = load("contrastive")(tiny_encoder, 3, contrastive_settings | {"queue_size": 40}).eval()
    batch = batch_of(tiny_encoder)
    keys = torch.nn.functional.normalize(torch.randn(4, 256), dim=1)
    with torch.no_grad():
        empty = roomy(batch, LABELS)
        roomy.queue.keys.fill_(float("nan"))
        roomy.queue.push(keys, LABELS)
        found = roomy(batch, LABELS)
        full = load("contrastive")(tiny_encoder, 3, contrastive_settings | {"queue_size": 4}).eval()
        full.head, full.prototypes = roomy.head, roomy.prototypes
        full.queue.push(keys, LABELS)
        assert torch.equal(found, full(batch, LABELS))
    assert torch.isfinite(found)
    assert (found - empty).abs() > 1e-3


def test_an_anchor_never_meets_its_own_key(tiny_encoder, contrastive_settings):
    # With a key of itself in the queue the anchor would have a reference at cosine 1 (momentum 0, no dropout).
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings | {"momentum": 0.0}).eval()
    batch, seen = batch_of(tiny_encoder), []
    objective._similarity = lambda anchors, references: (
        seen.append((anchors, references)) or torch.inner(anchors, references)
    )
    other = tokenise(tiny_encoder, ["snow", "a quiet harbour"], 16).batch(np.arange(2))
    with torch.no_grad():
        objective(batch, LABELS)
        objective.after_step(batch, LABELS)
        objective(other, LABELS[:2])
    (first, references), (second, later) = seen
    assert len(references) == 4 + 0 + 3
    assert len(later) == 2 + 4 + 3
    torch.testing.assert_close(later[2:6], first)  # the keys are those of the batch before
    assert (torch.inner(second, later[2:]) < 0.99999).all()


def test_the_divisors_differ_by_batch_over_anchors_with_a_positive(tiny_encoder, contrastive_settings):
    plain = contrastive_settings | {"loss": "jaccard", "queue_size": 0, "prototypes": False}
    labels = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]])  # only the first two have a positive
    found = {}
    for divisor in ("batch", "anchors"):
        torch.manual_seed(0)
        objective = load("contrastive")(copy.deepcopy(tiny_encoder), 3, plain | {"divisor": divisor}).eval()
        value, gradient = gradients(objective, batch_of(tiny_encoder), labels)
        found[divisor] = value.item(), gradient[QUERY]
    assert abs(found["batch"][0]) > 0.1
    assert found["anchors"][0] == pytest.approx(found["batch"][0] * 4 / 2, rel=1e-6)
    torch.testing.assert_close(found["anchors"][1], 2 * found["batch"][1])


@pytest.mark.parametrize("divisor", ["batch", "anchors"])
def test_without_a_positive_neither_divisor_is_zero(tiny_encoder, contrastive_settings, divisor):
    settings = contrastive_settings | {"divisor": divisor, "queue_size": 0}
    value, found = gradients(load("contrastive")(tiny_encoder, 3, settings), batch_of(tiny_encoder), 0 * LABELS)
    assert value == 0
    assert not found[QUERY].any()


def test_a_negative_weight_moves_the_loss_of_texts_alone_by_its_logarithm(tiny_encoder, contrastive_settings):
    plain = contrastive_settings | {"loss": "jaccard", "queue_size": 0, "prototypes": False}
    values = {}
    for weight in (1.0, 0.1):
        torch.manual_seed(0)
        objective = load("contrastive")(tiny_encoder, 3, plain | {"negative_weight": weight}).eval()
        with torch.no_grad():
            values[weight] = objective(batch_of(tiny_encoder), LABELS).item()
    assert values[1.0] > 0.1
    assert values[0.1] - values[1.0] == pytest.approx(math.log(0.1), rel=1e-5)


def test_euclidean_similarity_compares_the_vectors_of_the_encoder_itself(tiny_encoder, contrastive_settings):
    chosen = {"loss": "shared_labels", "similarity": "euclidean", "temperature": 10.0, "negative_weight": 1.0}
    without = {"queue_size": 0, "prototypes": False}
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings | chosen | without).eval()
    batch = batch_of(tiny_encoder)
    value, found = gradients(objective, batch)
    assert not any(name.startswith(("head", "prototypes")) for name in found)
    assert found[QUERY].abs().sum() > 0
    with torch.no_grad():
        vectors = forward(tiny_encoder, batch).double()
    assert (vectors.norm(dim=1) - 1).abs().min() > 0.1, "not normalised"
    expected = 0.0
    for i in range(4):
        s = {k: -((vectors[i] - vectors[k]) ** 2).sum().sqrt().item() / 10 for k in range(4) if k != i}
        shared = {k: (LABELS[i] * LABELS[k]).sum().item() for k in s}
        log_sum = math.log(sum(math.exp(value) for value in s.values()))
        expected -= sum(shared[k] / sum(shared.values()) * (s[k] - log_sum) for k in s) / 4
    assert expected > 0.1
    assert value.item() == pytest.approx(expected, rel=1e-4)


def test_euclidean_similarity_goes_with_a_queue_of_the_encoders_vectors(tiny_encoder, contrastive_settings):
    chosen = {"loss": "shared_labels", "similarity": "euclidean", "prototypes": False, "temperature": 10.0}
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings | chosen).eval()
    batch = batch_of(tiny_encoder)
    objective.after_step(batch, LABELS)
    with torch.no_grad():
        torch.testing.assert_close(objective.queue.filled()[0], forward(objective.momentum_encoder, batch))
    value, found = gradients(objective, batch)
    assert math.isfinite(value)
    assert found[QUERY].abs().sum() > 0


def test_forces_are_those_of_the_projections_seen_in_training(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings).eval()
    batch = batch_of(tiny_encoder)
    with torch.no_grad():
        objective(batch, LABELS)
        objective.validation_sums(batch, LABELS)  # must not count
        vectors = objective.head(forward(tiny_encoder, batch))
    found = objective.epoch_forces()
    assert found["attraction"][0] == pytest.approx(-(vectors[0] @ vectors[2]).item(), abs=1e-5)
    across = [(vectors[i] @ vectors[k]).item() for i in (0, 2) for k in (1, 3)]
    assert found["repulsion"][0] == pytest.approx(sum(across) / 4, abs=1e-5)


@pytest.mark.parametrize("loss", sorted(registry.CONTRASTIVE))
def test_half_precision_stays_out_of_weights_and_similarities(tiny_encoder, contrastive_settings, loss):
    generator = torch.Generator().manual_seed(0)
    anchors = torch.nn.functional.normalize(torch.randn(20, 256, generator=generator), dim=1)
    labels = (torch.rand(20, 12, generator=generator) < 0.4).float()
    labels[1] = labels[0]
    objective = load("contrastive")(tiny_encoder, 12, contrastive_settings | {"loss": loss})
    with torch.no_grad():
        expected = objective._loss(anchors, labels)
        with torch.autocast("cpu", torch.bfloat16):
            found = objective._loss(anchors, labels)
    assert expected.abs() > 0.01
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_projections_are_unit_vectors_under_half_precision_too(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings).eval()
    batch, seen = batch_of(tiny_encoder), []
    objective._similarity = lambda anchors, references: seen.append(references) or torch.inner(anchors, references)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        objective.after_step(batch, LABELS)
        value = objective(batch, LABELS)
    assert value.dtype == seen[0].dtype == torch.float32
    assert len(seen[0]) == 4 + 4 + 3
    torch.testing.assert_close(seen[0].norm(dim=1), torch.ones(11), atol=1e-4, rtol=0)


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
    for path in files.values():
        Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    entry = {"title": "Own", "task": "multi", "reader": "jsonl", "text": "body", "labels": "topics", "files": files}
    prepare("own", entry, None, tmp_path / "own")
    tokens = {}
    for clean in (False, True):
        corpus = load_corpus(tmp_path / "own", "train", tiny_encoder, {"clean_text": clean, "max_tokens": 32})
        tokens[clean] = [corpus.tokens.batch(np.array([row]))["input_ids"].tolist() for row in (0, 1)]
    assert tokens[True][0] == tokens[True][1] == tokens[False][1]
    assert tokens[False][0] != tokens[True][0]
