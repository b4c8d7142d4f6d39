"""The contrast of CLLD against a loop over pairs in float64, its invariants, and the distances it is scaled by."""

import math

import pytest
import torch
from pushpull.losses.contrastive import supcon
from pushpull.losses.kernel import weighted_contrast
from pushpull.losses.label_distance import confusion_distances, label_distance, pairs_apart
from torch.nn import functional as F

CLASSES = 4


def views(documents: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two views of documents of random classes: float64 [2M, 6] and one-hot [2M, 4]."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(CLASSES, (documents,), generator=generator).repeat(2)
    vectors = torch.randn(2 * documents, 6, generator=generator, dtype=torch.float64)
    return vectors.requires_grad_(), F.one_hot(classes, CLASSES).double()


def distances(seed: int = 1) -> torch.Tensor:
    return 1 + 4 * torch.rand(CLASSES, CLASSES, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_loss(vectors: torch.Tensor, labels: torch.Tensor, apart: torch.Tensor) -> torch.Tensor:
    """CLLD's L_s pair by pair, as printed but with the diagonal left out after the product."""
    sets = [set(row.nonzero().flatten().tolist()) for row in labels]
    total = torch.zeros((), dtype=torch.float64)
    for i, anchor in enumerate(vectors):
        logits, positive = {}, []
        for j, other in enumerate(vectors):
            if i == j:
                continue
            cosine = anchor @ other / max(anchor.norm() * other.norm(), 1e-8)
            steps = [apart[a, b] for a in sets[i] for b in sets[j]]
            logits[j] = (cosine + 1) / 2 * (sum(steps) / len(steps) if steps else 0.0)
            if sets[i] & sets[j]:
                positive.append(j)
        normaliser = sum(logit.exp() for logit in logits.values())
        for j in positive:
            share = 1 / len(positive)
            total = total + share * (math.log(share) - (logits[j].exp() / normaliser).log())
    return total / len(vectors)


@pytest.mark.parametrize("documents", [1, 2, 7, 16])
def test_loss_and_gradient_are_those_of_the_loop_over_pairs(documents):
    vectors, labels = views(documents)
    loss = label_distance(vectors, labels, distances())
    (gradient,) = torch.autograd.grad(loss, vectors)
    slow = slow_loss(vectors, labels, distances())
    (slow_gradient,) = torch.autograd.grad(slow, vectors) if slow.requires_grad else (torch.zeros_like(vectors),)
    torch.testing.assert_close(loss, slow)
    torch.testing.assert_close(gradient, slow_gradient)


def test_multi_label_documents_take_the_mean_distance_over_label_pairs_and_share_a_label():
    vectors, _ = views(6)
    labels = (torch.rand(6, CLASSES, generator=torch.Generator().manual_seed(3)) < 0.4).double()
    labels[0] = 0
    labels = labels.repeat(2, 1)
    assert (labels.sum(1) > 1).any()
    torch.testing.assert_close(label_distance(vectors, labels, distances()), slow_loss(vectors, labels, distances()))


@pytest.mark.parametrize("constant", [1.0, 5.0])
def test_one_distance_for_all_is_supcon_at_temperature_2_over_it(constant):
    vectors, labels = views(9)
    loss = label_distance(vectors, labels, torch.full((CLASSES, CLASSES), constant))
    unit = F.normalize(vectors, dim=1)
    weights, gain, _ = supcon(labels, labels, torch.eye(len(labels), dtype=torch.bool), False)
    reference = weighted_contrast(unit @ unit.T * constant / 2, weights, gain).mean()
    positives = (labels @ labels.T).sum(1) - 1
    torch.testing.assert_close(loss, reference - positives.log().mean())
    ours, theirs = (torch.autograd.grad(value, vectors)[0] for value in (loss, reference))
    torch.testing.assert_close(ours, theirs)


def test_it_is_never_negative_and_near_zero_only_where_positives_take_the_whole_softmax():
    for seed in range(20):
        vectors, labels = views(5, seed)
        assert label_distance(vectors, labels, distances(seed)) >= 0
    apart = F.one_hot(torch.tensor([0, 1, 0, 1]), 2).double()
    # Distances far larger than any in use: the softmax over equal positives, 40 above the rest.
    assert label_distance(apart.clone(), apart, torch.full((2, 2), 80.0)) < 1e-12


def test_a_document_does_not_match_itself_where_the_distance_of_its_class_is_zero():
    vectors, labels = views(6)
    with_zero = distances().fill_diagonal_(0.0)
    torch.testing.assert_close(label_distance(vectors, labels, with_zero), slow_loss(vectors, labels, with_zero))


def test_one_class_in_the_batch_still_trains_uniformity():
    vectors, _ = views(5)
    labels = F.one_hot(torch.zeros(10, dtype=torch.int64), CLASSES).double()
    loss = label_distance(vectors, labels, torch.ones(CLASSES, CLASSES))
    (gradient,) = torch.autograd.grad(loss, vectors)
    assert loss > 0
    assert gradient.abs().max() > 1e-3


def test_the_order_of_documents_and_classes_does_not_matter():
    vectors, labels = views(8)
    apart = distances()
    rows, columns = torch.randperm(16), torch.randperm(CLASSES)
    shuffled = label_distance(vectors[rows], labels[rows][:, columns], apart[columns][:, columns])
    torch.testing.assert_close(label_distance(vectors, labels, apart), shuffled)


def test_a_larger_distance_between_two_classes_pushes_them_further_apart():
    labels = F.one_hot(torch.tensor([0, 1, 0, 1]), 2).double()
    vectors = torch.tensor([[1.0, 0.2], [1.0, -0.2], [1.0, 0.1], [1.0, -0.1]], dtype=torch.float64, requires_grad=True)
    pushes = []
    for largest in (1.0, 5.0):
        loss = label_distance(vectors, labels, pairs_apart(2, [(0, 1)], largest))
        (gradient,) = torch.autograd.grad(loss, vectors)
        pushes.append(-(gradient * torch.tensor([[0.0, 1.0], [0.0, -1.0]]).repeat(2, 1)).sum())
    assert pushes[1] > pushes[0]


def test_vectors_of_zeros_and_half_precision_give_finite_losses():
    labels = F.one_hot(torch.tensor([0, 1, 0, 1]), 2)
    zeros = torch.zeros(4, 3, requires_grad=True)
    loss = label_distance(zeros, labels, torch.ones(2, 2))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(zeros.grad).all()
    half = label_distance(torch.randn(4, 3).bfloat16(), labels, torch.ones(2, 2))
    assert half.dtype == torch.float32


def test_confusion_by_hand():
    # Classes 0 and 1 are taken for each other once, 1 for 2 once; class 2 has no document, class 3 no mistake.
    counts = torch.tensor([[5.0, 1, 0, 0], [1, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 2]])
    # Symmetrised: [10, 2, 0, 0], [2, 4, 1, 0], [0, 1, 0, 0], [0, 0, 0, 4]; shares off the diagonal 1/6; 2/7, 1/7; 1; 0.
    expected = torch.ones(4, 4)
    expected[0, 1], expected[1, 0], expected[1, 2], expected[2, 1] = 1 + 4 / 6, 1 + 8 / 7, 1 + 4 / 7, 5.0
    torch.testing.assert_close(confusion_distances(counts, 5.0), expected)


def test_a_faultless_classifier_and_an_empty_matrix_ask_for_no_distance():
    for counts in (torch.eye(3) * 7, torch.zeros(3, 3)):
        assert torch.equal(confusion_distances(counts, 5.0), torch.ones(3, 3))
