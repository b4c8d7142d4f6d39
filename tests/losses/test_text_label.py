"""Losses over texts and label texts against loops over explicit pairs, with gradients, and their known values."""

import math

import pytest
import torch
from pushpull.losses.text_label import cosine_bce, margin, text_to_label, text_to_label_decoupled
from pushpull.losses.texts_and_labels import texts_and_labels
from torch.nn import functional as F

TEXTS, LABELS = 6, 4
HELD = torch.tensor(
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0]], dtype=torch.float64
)


@pytest.fixture
def cosines() -> torch.Tensor:
    torch.manual_seed(0)
    return (2 * torch.rand(TEXTS, LABELS, dtype=torch.float64) - 1).requires_grad_()


def positives(row: int) -> list[int]:
    return HELD[row].nonzero().flatten().tolist()


def slow_text_to_label(cosines, temperature, decoupled):
    total = 0.0
    for i in range(TEXTS):
        for j in positives(i):
            rivals = [a for a in range(LABELS) if a not in positives(i) or a == j] if decoupled else range(LABELS)
            below = sum(math.e ** (cosines[i, a] / temperature) for a in rivals)
            total = total - (math.e ** (cosines[i, j] / temperature) / below).log() / len(positives(i))
    return total / TEXTS


def slow_margin(cosines, least):
    total = 0.0
    for i in range(TEXTS):
        for j in range(LABELS):
            cos = cosines[i, j]
            total = total + ((1 - cos) ** 2 if HELD[i, j] else max(cos - least, 0 * cos) ** 2)
    return total / (TEXTS * LABELS)


def slow_cosine_bce(cosines, scale, offset):
    of = {0: [], 1: []}
    for i in range(TEXTS):
        for j in range(LABELS):
            p = 1 / (1 + (-(scale * cosines[i, j] + offset)).exp())
            of[int(HELD[i, j])].append(-(p if HELD[i, j] else 1 - p).log())
    return (sum(of[0]) / len(of[0]) + sum(of[1]) / len(of[1])) / 2


def agree(fast, slow, *inputs):
    torch.testing.assert_close(fast, slow)
    for ours, wanted in zip(torch.autograd.grad(fast, inputs), torch.autograd.grad(slow, inputs), strict=True):
        torch.testing.assert_close(ours, wanted)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
@pytest.mark.parametrize("decoupled", [False, True])
def test_text_to_label_is_the_loop_over_texts_and_their_labels(cosines, temperature, decoupled):
    loss = text_to_label_decoupled if decoupled else text_to_label
    agree(loss(cosines, HELD, temperature), slow_text_to_label(cosines, temperature, decoupled), cosines)


@pytest.mark.parametrize("least", [0.2, -0.3])
def test_margin_is_the_loop_over_pairs(cosines, least):
    agree(margin(cosines, HELD, least), slow_margin(cosines, least), cosines)


def test_cosine_bce_is_the_loop_over_pairs_with_gradients_of_scale_and_offset(cosines):
    scale, offset = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (7.0, -2.0))
    agree(cosine_bce(cosines, HELD, scale, offset), slow_cosine_bce(cosines, scale, offset), cosines, scale, offset)


def slow_texts_and_labels(texts, names, temperature, negative_weight):
    """MSC written out: each label of the anchor weighs the same, its text once, other texts by 1 / |union|."""
    total = 0.0
    for i in range(TEXTS):
        others = [k for k in range(TEXTS) if k != i]
        below = sum(negative_weight * (texts[i] @ texts[k] / temperature).exp() for k in others)
        below = below + sum((texts[i] @ name / temperature).exp() for name in names)
        for j in positives(i):
            share = {k: 1 / len({*positives(i), *positives(k)}) for k in others if HELD[k, j]}
            normaliser = 1 + sum(share.values())
            terms = texts[i] @ names[j] / temperature - below.log()
            for k, weight in share.items():
                terms = terms + weight * (texts[i] @ texts[k] / temperature - below.log())
            total = total - terms / normaliser / len(positives(i))
    return total / TEXTS


@pytest.mark.parametrize("negative_weight", [1.0, 0.1])
def test_texts_and_labels_is_the_loop_over_texts_and_label_texts(negative_weight):
    torch.manual_seed(1)
    texts, names = (F.normalize(torch.randn(n, 5, dtype=torch.float64), dim=1) for n in (TEXTS, LABELS))
    texts.requires_grad_()
    names.requires_grad_()
    fast = texts_and_labels(texts, names, HELD, 0.2, negative_weight)
    agree(fast, slow_texts_and_labels(texts, names, 0.2, negative_weight), texts, names)


def test_with_one_label_a_text_both_contrasts_are_cross_entropy(cosines):
    labels = F.one_hot(torch.arange(TEXTS) % LABELS, LABELS).double()
    wanted = F.cross_entropy(cosines / 0.1, labels)
    torch.testing.assert_close(text_to_label(cosines, labels, 0.1), wanted)
    torch.testing.assert_close(text_to_label_decoupled(cosines, labels, 0.1), wanted)


def test_labels_compete_in_the_plain_contrast_and_not_in_the_decoupled_one():
    perfect = torch.tensor([[1.0, 1.0, -1.0, -1.0]]).double()
    labels = torch.tensor([[1.0, 1.0, 0.0, 0.0]]).double()
    assert text_to_label(perfect, labels, 0.01).item() == pytest.approx(math.log(2))
    assert text_to_label_decoupled(perfect, labels, 0.01).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("labels", [torch.zeros(2, 3), torch.ones(2, 3)], ids=["none", "all"])
def test_texts_without_labels_or_with_all_of_them_have_finite_gradients(labels):
    cosines = torch.tensor([[0.9, -1.0, 0.0], [1.0, 1.0, 1.0]], requires_grad=True)
    one = torch.tensor(1.0)
    losses = [loss(cosines, labels, 0.05) for loss in (text_to_label, text_to_label_decoupled)]
    losses += [margin(cosines, labels, 0.2), cosine_bce(cosines, labels, 10 * one, -3 * one)]
    gradients = [torch.autograd.grad(loss, cosines, retain_graph=True)[0] for loss in losses]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    if not labels.any():
        assert losses[0] == losses[1] == 0
        assert (gradients[2] >= 0).all()  # a negative above the margin is pushed away
        assert gradients[2].any()
    else:
        assert losses[1] == 0  # no negatives
        assert losses[0] > math.log(3) - 1e-6


def test_bfloat16_cosines_are_taken_to_float32():
    cosines, labels = torch.rand(3, 4).bfloat16(), torch.eye(3, 4)
    assert text_to_label(cosines, labels, 0.05).dtype == margin(cosines, labels, 0.1).dtype == torch.float32
