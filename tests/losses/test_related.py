"""JSCL in two forms, the contrastive term of kNN-MLTC and MulCon against loops over pairs, and what is said of them."""

import pytest
import torch
from loss_oracles import (
    assert_same_value_and_gradient,
    itself,
    jscl_loop,
    jscl_released_loop,
    label_sets,
    loss,
    mulcon_loop,
    problem,
    shared_labels_loop,
    shared_or_not_loop,
    supcon_loop,
)
from pushpull.losses.contrastive import jaccard
from pushpull.losses.kernel import negative_distance
from pushpull.losses.related import jscl, jscl_released, mulcon
from pushpull.losses.shared_labels import shared_labels, shared_or_not
from torch.nn import functional as F

LOOPS = [
    (jscl, jscl_loop),
    (jscl_released, jscl_released_loop),
    (shared_labels, shared_labels_loop),
    (shared_or_not, shared_or_not_loop),
]


@pytest.mark.parametrize(("contrast", "loop"), LOOPS)
@pytest.mark.parametrize("prototypes", [False, True])
@pytest.mark.parametrize("queue", [0, 5])
def test_value_and_gradient_equal_the_loop_over_pairs(contrast, loop, queue, prototypes):
    vectors, sets = problem(queue=queue)
    sets[3] = 0
    vectors = vectors if prototypes else vectors[: len(sets)]
    assert_same_value_and_gradient(
        vectors, lambda v: loss(v, sets, 6, contrast, prototypes), lambda v: loop(v, sets, 6, prototypes)
    )


def gradient(function, vectors):
    vectors = vectors.clone().requires_grad_()
    function(vectors).backward()
    return vectors.grad.flatten()


def test_the_constant_of_jscl_is_the_jaccard_part_of_its_value():
    vectors, sets = problem(queue=0)
    names = label_sets(sets, False)
    expected = 0.0
    for i in range(6):
        for k in range(6):
            if i != k and names[i] & names[k]:
                expected -= torch.tensor(len(names[i] & names[k]) / len(names[i] | names[k])).double().log() / 36
    assert expected > 0.1
    difference = loss(vectors, sets, 6, jscl, False) - jscl_loop(vectors, sets, 6, False, weigh=False)
    torch.testing.assert_close(difference, expected, rtol=1e-6, atol=0)


def test_the_gradient_of_jscl_is_that_of_the_unweighted_sum_over_overlapping_pairs():
    vectors, sets = problem()
    found = gradient(lambda v: loss(v, sets, 6, jscl, True), vectors)
    expected = gradient(lambda v: jscl_loop(v, sets, 6, True, weigh=False), vectors)
    assert expected.abs().max() > 1e-2
    torch.testing.assert_close(found, expected)


def test_the_gradient_of_jscl_is_not_that_of_base_on_mixed_label_sets():
    vectors, sets = problem(batch=8, queue=0)
    names = label_sets(sets, False)
    assert len({len(name) for name in names}) > 1
    one, two = (gradient(lambda v, c=contrast: loss(v, sets, 8, c, False), vectors) for contrast in (jscl, jaccard))
    assert 0 < F.cosine_similarity(one, two, dim=0) < 0.99


def test_the_gradient_of_jscl_is_parallel_to_that_of_base_where_classes_are_equal_and_of_one_label():
    vectors, _ = problem(batch=8, queue=0)
    sets = torch.eye(4, dtype=torch.float64).repeat(2, 1)
    one, two = (gradient(lambda v, c=contrast: loss(v, sets, 8, c, False), vectors) for contrast in (jscl, jaccard))
    assert two.abs().max() > 1e-2
    torch.testing.assert_close(one, two / 8)  # one positive an anchor, each divided by the batch


def test_released_jscl_attracts_documents_that_share_nothing():
    vectors, _ = problem(batch=3, queue=0)
    sets = torch.tensor([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.float64)
    released, paper = (c(sets, sets, itself(3, sets), False).weights for c in (jscl_released, jscl))
    assert released[0, 2] == 0.5
    assert paper[0, 2] == 0
    assert torch.isfinite(loss(vectors, sets, 3, jscl_released, False))


def distance(vectors, i, k):
    """Similarity of kNN-MLTC by the definition of the Euclidean distance."""
    return -((vectors[i] - vectors[k]) ** 2).sum().sqrt() / 10


def euclidean(anchors, references, temperature=10.0):
    return negative_distance(anchors, references) / temperature


def test_shared_labels_with_distances_equals_the_loop():
    vectors, sets = problem()
    assert_same_value_and_gradient(
        3 * vectors[: len(sets)],
        lambda v: loss(v, sets, 6, shared_labels, False, similarity=euclidean),
        lambda v: shared_labels_loop(v, sets, 6, False, similarity=distance),
    )


def test_shared_labels_on_one_label_per_document_is_supcon_of_negative_distances():
    vectors, sets = problem(batch=8, queue=0, single=True)
    assert_same_value_and_gradient(
        3 * vectors[:8],
        lambda v: loss(v, sets, 8, shared_labels, False, similarity=euclidean),
        lambda v: supcon_loop(v, sets, 8, similarity=distance),
    )


def test_coefficients_of_shared_labels_sum_to_one_or_zero_and_count_the_labels_shared():
    sets = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=torch.float64)
    weights = shared_labels(sets, sets, itself(5, sets), False).weights
    assert weights.sum(1).tolist() == pytest.approx([1, 1, 1, 0, 0])
    assert weights[0].tolist() == pytest.approx([0, 2 / 3, 1 / 3, 0, 0])


def test_without_the_dynamic_coefficient_every_reference_that_shares_a_label_counts_once():
    sets = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=torch.float64)
    weights = shared_or_not(sets, sets, itself(5, sets), False).weights
    assert weights.sum(1).tolist() == pytest.approx([1, 1, 1, 0, 0])
    assert weights[0].tolist() == pytest.approx([0, 1 / 2, 1 / 2, 0, 0])


def test_scaling_vectors_and_temperature_together_changes_nothing():
    vectors, sets = problem()
    vectors = vectors[: len(sets)]
    one = loss(vectors, sets, 6, shared_labels, False, similarity=euclidean)
    two = loss(5 * vectors, sets, 6, shared_labels, False, similarity=lambda a, b: euclidean(a, b, 50.0))
    other = loss(5 * vectors, sets, 6, shared_labels, False, similarity=euclidean)
    torch.testing.assert_close(two, one)
    assert abs(other - one) > 1e-3


def mulcon_problem(documents=5, labels=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(documents, labels, 6, dtype=torch.float64, generator=generator), dim=2)
    sets = (torch.rand(documents, labels, generator=generator) < 0.5).double()
    sets[:, 3], sets[2, 3] = 0, 1  # a label with one document
    return vectors, sets


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_mulcon_equals_the_loop_over_pairs_of_document_and_label(temperature):
    vectors, sets = mulcon_problem()
    assert sets.sum(0).tolist()[3] == 1
    assert_same_value_and_gradient(
        vectors, lambda v: mulcon(v, sets.nonzero().T, temperature), lambda v: mulcon_loop(v, sets, temperature)
    )


def test_mulcon_looks_at_the_vectors_of_positive_labels_alone():
    vectors, sets = mulcon_problem()
    vectors.requires_grad_()
    mulcon(vectors, sets.nonzero().T, 0.1).backward()
    assert not vectors.grad[sets == 0].any()
    assert vectors.grad[2, 3].any(), "the only document of a label is a negative of the others"


def test_mulcon_of_a_label_with_one_document_and_of_no_labels_is_zero():
    vectors, sets = mulcon_problem()
    for only in (torch.zeros_like(sets), sets * (torch.arange(4) == 3)):
        free = vectors.clone().requires_grad_()
        value = mulcon(free, only.nonzero().T, 0.1)
        value.backward()
        assert value == 0
        assert not free.grad.any()


def collapsed(labels=3, documents=4):
    """Every document the same vectors, one vertex of a regular simplex for each label; and all labels everywhere."""
    simplex = F.normalize(torch.eye(labels, dtype=torch.float64) - 1 / labels, dim=1)
    return simplex.expand(documents, labels, labels).clone(), torch.ones(documents, labels, dtype=torch.float64)


def test_a_constant_vector_for_each_label_is_a_minimum_of_mulcon():
    vectors, sets = collapsed()
    free = vectors.clone().requires_grad_()
    positives = sets.nonzero().T
    lowest = mulcon(F.normalize(free, dim=2), positives, 0.5)
    lowest.backward()
    assert lowest > 0.1
    torch.testing.assert_close(free.grad, torch.zeros_like(free), atol=1e-12, rtol=0)
    generator = torch.Generator().manual_seed(0)
    for size in (1e-3, 1e-2, 0.1, 1.0, 10.0):
        for _ in range(10):
            noise = size * torch.randn(vectors.shape, dtype=torch.float64, generator=generator)
            assert mulcon(F.normalize(vectors + noise, dim=2), positives, 0.5) > lowest
