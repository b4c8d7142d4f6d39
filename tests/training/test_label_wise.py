"""Label-specific vectors: attention over real tokens only, MulCon beside BCE, and a collapse that is seen."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import tokenise
from pushpull.kinds import defaults
from pushpull.losses.related import mulcon
from pushpull.losses.supervised import bce
from pushpull.training.registry import load

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port of the northern island"]
LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1]])


def objective_of(encoder, labels=3, **settings):
    torch.manual_seed(0)
    return load("label_wise")(encoder, labels, defaults("label_wise") | {"loss": "mulcon"} | settings).eval()


def batch_of(encoder, rows=(0, 1, 2, 3)):
    return tokenise(encoder, TEXTS, 32).batch(np.array(rows))


def test_padding_does_not_change_the_label_vectors_of_a_document(tiny_encoder):
    objective = objective_of(tiny_encoder)
    with torch.no_grad():
        logits, vectors = objective._vectors(batch_of(tiny_encoder))
        for row in range(len(TEXTS)):
            logits_alone, alone = objective._vectors(batch_of(tiny_encoder, [row]))
            torch.testing.assert_close(vectors[row], alone[0], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(logits[row], logits_alone[0], rtol=1e-4, atol=1e-5)
    assert vectors.shape == (4, 3, 256)
    torch.testing.assert_close(vectors.norm(dim=2), torch.ones(4, 3))
    assert (vectors[0] - vectors[1]).abs().max() > 1e-3


def test_the_loss_is_mulcon_and_the_weighted_bce_of_attention_pooled_token_states(tiny_encoder):
    objective = objective_of(tiny_encoder, bce_weight=0.3, temperature=0.2)
    with torch.no_grad():
        batch = batch_of(tiny_encoder) | objective.prepare(LABELS)
        states = tiny_encoder.token_states(batch)
        pooled = torch.zeros(4, 3, 32)
        for i in range(4):
            real = states[i, : int(batch["attention_mask"][i].sum())]
            for j in range(3):
                pooled[i, j] = (real @ objective.attention.queries[j] / 32**0.5).softmax(0) @ real
        logits = torch.stack([pooled[:, j] @ objective.logits[j] + objective.bias[j] for j in range(3)], 1)
        contrast, classified = mulcon(objective.head(pooled), LABELS.nonzero().T, 0.2), bce(logits, LABELS)
        assert contrast > 0.1
        assert classified > 0.1
        torch.testing.assert_close(objective(batch, LABELS), contrast + 0.3 * classified, rtol=1e-4, atol=1e-5)


def gradients(objective, encoder, labels=LABELS):
    objective(batch_of(encoder) | objective.prepare(labels), labels).backward()
    return {name: parameter.grad for name, parameter in objective.named_parameters()}


def test_the_loss_reaches_encoder_attention_projection_and_classifier(tiny_encoder):
    found = gradients(objective_of(tiny_encoder), tiny_encoder)
    query = "encoder.model.encoder.layer.0.attention.self.query.weight"
    for name in (query, "attention.queries", "head.hidden.weight", "head.output.weight", "logits", "bias"):
        assert found[name].abs().sum() > 0, name


def test_without_bce_the_classifier_learns_nothing_and_the_vectors_do(tiny_encoder):
    found = gradients(objective_of(tiny_encoder, bce_weight=0.0), tiny_encoder)
    assert not found["logits"].any()
    assert not found["bias"].any()
    assert found["attention.queries"].abs().sum() > 0


def test_documents_without_labels_teach_the_classifier_alone(tiny_encoder):
    found = gradients(objective_of(tiny_encoder), tiny_encoder, torch.zeros(4, 3))
    assert found["logits"].abs().sum() > 0
    assert not found["head.output.weight"].any()
    assert all(torch.isfinite(gradient).all() for gradient in found.values() if gradient is not None)


def scores_of(objective, vectors):
    sums = {"loss": torch.tensor(2.0 * len(vectors)), "vectors": vectors.sum(0)}
    return objective.validation_scores(sums, len(vectors))


def test_label_spread_is_zero_for_one_vector_a_label_and_near_one_for_random_ones(tiny_encoder):
    objective = objective_of(tiny_encoder)
    generator = torch.Generator().manual_seed(0)
    random = torch.nn.functional.normalize(torch.randn(2000, 3, 64, generator=generator), dim=2)
    assert scores_of(objective, random)["label_spread"] == pytest.approx(1, abs=0.01)
    assert scores_of(objective, random[:1].expand(2000, 3, 64))["label_spread"] == pytest.approx(0, abs=1e-4)
    # By hand: of two labels one is constant, the other at right angles in half of the documents.
    mixed = torch.zeros(4, 2, 2)
    mixed[:, 0, 0] = mixed[:2, 1, 0] = mixed[2:, 1, 1] = 1
    assert scores_of(objective, mixed) == {"validation_loss": 2.0, "label_spread": pytest.approx((0 + 0.5) / 2)}


def test_a_projection_that_forgets_the_text_is_seen_as_a_collapse(tiny_encoder):
    objective = objective_of(tiny_encoder)
    spread = {}
    for kind in ("as it came", "constant"):
        if kind == "constant":
            with torch.no_grad():
                objective.head.output.weight.zero_()
                objective.head.output.bias.fill_(1)
        with torch.no_grad():
            batch = batch_of(tiny_encoder) | objective.prepare(LABELS)
            sums = objective.validation_sums(batch, LABELS)
        spread[kind] = objective.validation_scores(sums, 4)["label_spread"]
    assert spread["constant"] == pytest.approx(0, abs=1e-5)
    assert spread["as it came"] > 100 * abs(spread["constant"])


def test_validation_loss_is_the_loss_of_the_batch(tiny_encoder):
    objective = objective_of(tiny_encoder)
    with torch.no_grad():
        batch = batch_of(tiny_encoder) | objective.prepare(LABELS)
        found = objective.validation_scores(objective.validation_sums(batch, LABELS), 4)
        assert found["validation_loss"] == pytest.approx(objective(batch, LABELS).item(), rel=1e-5)
