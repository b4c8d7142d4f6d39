"""BCE with a contrastive term beside it: the sum as printed, its variants, and what it does to a gradient."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import tokenise
from pushpull.kinds import defaults
from pushpull.training.registry import load
from torch.nn import functional as F

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port", "grain prices rose"]
LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0]])


def joint(encoder, **changed):
    settings = (
        defaults("joint") | {"task": "multi", "loss": "shared_labels", "temperature": 10.0, "dropout": 0.0} | changed
    )
    torch.manual_seed(0)
    return load("joint")(encoder, 3, settings).eval()


def batch_of(encoder):
    return tokenise(encoder, TEXTS, 16).batch(np.arange(len(TEXTS)))


def contrast_loop(vectors, labels, temperature, most=99):
    """losses.md 3: L_con of a batch as printed, the sum over documents, pair by pair in float64."""
    vectors, total, documents = vectors.double(), 0.0, range(len(labels))
    for i in documents:
        others = [k for k in documents if k != i]
        scores = torch.stack([-(vectors[i] - vectors[k]).pow(2).sum().sqrt() / temperature for k in others])
        shared = torch.stack([(labels[i] * labels[k]).sum().clamp(max=most) for k in others]).double()
        if shared.sum() > 0:
            total = total - (shared / shared.sum() * (scores - scores.exp().sum().log())).sum()
    return total


def parts(objective, encoder):
    with torch.no_grad():
        features = encoder(batch_of(encoder))
        bce = F.binary_cross_entropy_with_logits(objective.classifier(features), LABELS)
        return bce, features["sentence_embedding"], objective(batch_of(encoder), LABELS)


@pytest.mark.parametrize(("loss", "most"), [("shared_labels", 99), ("shared_or_not", 1)])
@pytest.mark.parametrize(("reduction", "divisor"), [("sum", 1), ("mean", 5)])
def test_the_loss_is_bce_and_the_weighted_sum_over_pairs(tiny_encoder, loss, most, reduction, divisor):
    objective = joint(tiny_encoder, loss=loss, reduction=reduction, contrastive_weight=0.25)
    bce, vectors, found = parts(objective, tiny_encoder)
    contrast = contrast_loop(vectors, LABELS, 10.0, most) / divisor
    assert contrast > 0.1
    torch.testing.assert_close(found.double(), bce.double() + 0.25 * contrast, rtol=1e-4, atol=1e-5)


def test_without_weight_it_is_bce(tiny_encoder):
    bce, _, found = parts(joint(tiny_encoder, contrastive_weight=0.0), tiny_encoder)
    torch.testing.assert_close(found, bce)


def test_equal_texts_and_a_batch_of_one_have_a_finite_gradient(tiny_encoder):
    objective = joint(tiny_encoder)
    for rows in (slice(None), slice(1)):
        tiny_encoder.zero_grad()
        batch = {name: tensor[rows] for name, tensor in batch_of(tiny_encoder).items()}
        objective(batch, LABELS[rows]).backward()
        gradients = [parameter.grad for parameter in tiny_encoder.parameters() if parameter.grad is not None]
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert any(gradient.abs().max() > 0 for gradient in gradients)


def test_the_contrastive_term_pulls_documents_with_shared_labels_together(tiny_encoder):
    objective = joint(tiny_encoder, temperature=1.0, contrastive_weight=1.0)
    vectors = torch.randn(5, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    objective._contrast(vectors, LABELS).backward()
    moved = (vectors - 0.1 * vectors.grad).detach()
    before, after = (torch.cdist(v, v) for v in (vectors.detach(), moved))
    assert after[0, 4] < before[0, 4]
    assert after[0, 1] > before[0, 1]


def test_validation_scores_are_those_of_the_classifier(tiny_encoder):
    objective = joint(tiny_encoder)
    supervised = load("supervised")(
        tiny_encoder, 3, defaults("supervised") | {"task": "multi", "loss": "bce", "dropout": 0.0}
    ).eval()
    supervised.classifier.load_state_dict(objective.classifier.state_dict())
    with torch.no_grad():
        ours, theirs = (o.validation_sums(batch_of(tiny_encoder), LABELS) for o in (objective, supervised))
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name])
