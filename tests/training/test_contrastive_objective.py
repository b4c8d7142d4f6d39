"""Contrastive training: losses over batch, queue and prototypes, and keys enqueued after the update."""

import copy
import math

import numpy as np
import pytest
import torch
from four_texts import LABELS, batch_of
from pushpull.encoders.encoder import forward, tokenise
from pushpull.losses import registry
from pushpull.training.registry import load


def test_the_queue_holds_the_keys_of_the_batch_only_after_the_step(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings).eval()
    batch = batch_of(tiny_encoder)
    objective(batch, LABELS)
    assert len(objective.queue.filled()[0]) == 0
    with torch.no_grad():  # training has taken the head elsewhere
        objective.head.output.weight.neg_()
    objective.after_step(batch, LABELS)
    keys, labels = objective.queue.filled()
    assert torch.equal(labels, LABELS)
    with torch.no_grad():
        torch.testing.assert_close(keys, objective.momentum_head(forward(objective.momentum_encoder, batch)))
        assert (keys - objective.head(forward(objective.encoder, batch))).norm(dim=1).min() > 1


def test_loss_reaches_encoder_head_and_prototypes_but_not_momentum_or_queue(tiny_encoder, contrastive_settings):
    objective = load("contrastive")(tiny_encoder, 3, contrastive_settings)
    batch = batch_of(tiny_encoder)
    objective.after_step(batch, LABELS)
    objective(batch, LABELS).backward()
    gradients = {name: parameter.grad for name, parameter in objective.named_parameters()}
    assert gradients["prototypes.weight"].abs().sum() > 0
    assert gradients["head.hidden.weight"].abs().sum() > 0
    assert gradients["encoder.model.encoder.layer.0.attention.self.query.weight"].abs().sum() > 0
    assert all(gradient is None for name, gradient in gradients.items() if name.startswith("momentum"))


def test_base_without_queue_has_no_momentum_encoder(tiny_encoder, contrastive_settings):
    plain = contrastive_settings | {"loss": "jaccard", "queue_size": 0, "prototypes": False}
    objective = load("contrastive")(tiny_encoder, 3, plain)
    assert not hasattr(objective, "momentum_encoder")
    assert torch.isfinite(objective(batch_of(tiny_encoder), LABELS))


def gradients(objective, batch, labels=LABELS):
    """Loss of a batch, and the gradient of every parameter by name."""
    value = objective(batch, labels)
    value.backward()
    return value.detach(), {name: parameter.grad for name, parameter in objective.named_parameters()}


QUERY = "encoder.model.encoder.layer.0.attention.self.query.weight"
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
