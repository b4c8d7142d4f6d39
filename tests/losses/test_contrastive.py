"""SupCon, Base and MSC of ABALONE against loops over explicit pairs, and every invariant of their definition."""

import math

import pytest
import torch
from loss_oracles import (
    assert_same_value_and_gradient,
    base_loop,
    itself,
    label_sets,
    loss,
    msc_loop,
    problem,
    supcon_loop,
)
from pushpull.losses import registry
from pushpull.losses.contrastive import jaccard, msc, supcon
from pushpull.losses.kernel import weighted_contrast

EVERY = sorted(registry.CONTRASTIVE)


@pytest.mark.parametrize("prototypes", [False, True])
@pytest.mark.parametrize("queue", [0, 5])
def test_supcon_equals_the_loop_over_pairs_of_equal_label_sets(queue, prototypes):
    vectors, sets = problem(queue=queue, labels=3)
    sets[0], sets[1] = sets[3], sets[4]  # otherwise few label sets are equal
    sets[2] = 0
    vectors = vectors if prototypes else vectors[: len(sets)]
    assert_same_value_and_gradient(
        vectors,
        lambda v: loss(v, sets, 6, supcon, prototypes),
        lambda v: supcon_loop(v, sets, 6, prototypes),
    )


@pytest.mark.parametrize("prototypes", [False, True])
@pytest.mark.parametrize("queue", [0, 5])
def test_base_equals_the_loop_over_pairs(queue, prototypes):
    vectors, sets = problem(queue=queue)
    vectors = vectors if prototypes else vectors[: len(sets)]
    assert_same_value_and_gradient(
        vectors,
        lambda v: loss(v, sets, 6, jaccard, prototypes),
        lambda v: base_loop(v, sets, 6, prototypes),
    )


@pytest.mark.parametrize("prototypes", [False, True])
@pytest.mark.parametrize("queue", [0, 5])
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_msc_equals_the_loop_over_labels_and_positives(queue, prototypes, beta):
    vectors, sets = problem(queue=queue)
    vectors = vectors if prototypes else vectors[: len(sets)]
    assert_same_value_and_gradient(
        vectors,
        lambda v: loss(v, sets, 6, msc, prototypes, beta),
        lambda v: msc_loop(v, sets, 6, beta, prototypes),
    )


def test_msc_without_prototypes_leaves_out_labels_and_anchors_without_a_positive():
    vectors, _ = problem(batch=4, queue=0)
    vectors = vectors[:4]
    sets = torch.tensor([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.float64)
    assert_same_value_and_gradient(
        vectors, lambda v: loss(v, sets, 4, msc, False), lambda v: msc_loop(v, sets, 4, 1.0, prototypes=False)
    )
    weights = msc(sets, sets, itself(4, sets), False).weights
    torch.testing.assert_close(weights.sum(1), torch.tensor([1.0, 1, 1, 0], dtype=torch.float64))


def test_msc_weights_of_an_anchor_are_the_sum_of_equal_parts_of_its_labels():
    _, sets = problem(batch=9, queue=40, labels=5, seed=3)
    found = msc(sets[:9], sets, itself(9, sets), True).weights
    torch.testing.assert_close(found.sum(1), torch.ones(9, dtype=torch.float64))
    names = label_sets(sets, False)
    assert {len(name) for name in names[:9]} >= {1, 2, 3}
    for i in range(9):
        expected = torch.zeros(len(sets) + 5, dtype=torch.float64)
        for j in names[i]:
            part = torch.zeros_like(expected)
            part[len(sets) + j] = 1.0
            for k in range(len(sets)):
                if k != i and j in names[k]:
                    part[k] = 1 / len(names[i] | names[k])
            part /= part.sum() * len(names[i])
            assert part.sum() == pytest.approx(1 / len(names[i]))
            expected += part
        torch.testing.assert_close(found[i], expected)


@pytest.mark.parametrize("prototypes", [False, True])
def test_a_rare_label_of_an_anchor_weighs_as_much_as_a_frequent_one(prototypes):
    # The anchor has both labels; one other document has the rare one, twenty have the frequent one.
    sets = torch.tensor([[1, 1]] + [[1, 0]] + 20 * [[0, 1]], dtype=torch.float64)
    weights = msc(sets[:1], sets, itself(1, sets), prototypes).weights[0]
    rare, frequent = weights[1], weights[2:22].sum()
    if prototypes:
        rare, frequent = rare + weights[22], frequent + weights[23]
    assert rare.item() == pytest.approx(0.5)
    assert frequent.item() == pytest.approx(0.5)
    plain = jaccard(sets[:1], sets, itself(1, sets), False).weights[0]
    assert plain[1] / plain[2:].sum() == pytest.approx(1 / 20), "Base weighs documents, not labels"


@pytest.mark.parametrize("contrast", [supcon, jaccard, msc])
def test_one_label_per_document_without_queue_and_prototypes_is_supcon(contrast):
    vectors, sets = problem(batch=8, queue=0, single=True)
    assert_same_value_and_gradient(
        vectors[:8],
        lambda v: loss(v, sets, 8, contrast, prototypes=False),
        lambda v: supcon_loop(v, sets, 8),
    )


def test_msc_without_prototypes_equals_base_where_the_normalisers_of_an_anchors_labels_agree():
    vectors, _ = problem(batch=9, queue=0)
    half = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]  # the same for labels 2 and 3, and one with all
    sets = torch.tensor([*half, *(row[2:] + row[:2] for row in half), [1, 1, 1, 1]], dtype=torch.float64)
    assert_same_value_and_gradient(
        vectors[:9],
        lambda v: loss(v, sets, 9, msc, prototypes=False),
        lambda v: base_loop(v, sets, 9, prototypes=False),
    )


def test_msc_is_not_base_where_the_normalisers_differ():
    vectors, sets = problem(queue=0)
    one, two = (loss(vectors, sets, 6, contrast, prototypes=False) for contrast in (msc, jaccard))
    assert abs(one - two) > 1e-3


def test_msc_is_bounded_below_by_log_beta_and_can_be_negative():
    sets = torch.tensor([[1.0, 0]] * 42, dtype=torch.float64)
    aligned = torch.zeros(44, 3, dtype=torch.float64)
    aligned[:42, 0], aligned[42, 1], aligned[43, 2] = 1, 1, 1
    value = loss(aligned, sets, 2, msc, True, negative_weight=0.01)
    assert math.log(0.01) <= value < 0
    for seed in range(5):
        vectors, sets = problem(seed=seed)
        assert loss(vectors, sets, 6, msc, True, 0.1) >= math.log(0.1)


@pytest.mark.parametrize("name", EVERY)
def test_rotation_and_permutations_of_documents_and_labels_change_nothing(name):
    contrast = registry.load(name)
    vectors, sets = problem()
    sets[4] = sets[0]  # so that SupCon has a positive
    batch, references = 6, len(sets)
    expected = loss(vectors, sets, batch, contrast, True, 0.1)
    assert expected.abs() > 1e-3
    rotation = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))[0]
    torch.testing.assert_close(loss(vectors @ rotation, sets, batch, contrast, True, 0.1), expected)
    documents = torch.cat([torch.tensor([3, 0, 5, 1, 4, 2]), torch.arange(references - 1, batch - 1, -1)])
    moved = torch.cat([vectors[:references][documents], vectors[references:]])
    torch.testing.assert_close(loss(moved, sets[documents], batch, contrast, True, 0.1), expected)
    labels = torch.tensor([2, 0, 3, 1])
    moved = torch.cat([vectors[:references], vectors[references:][labels]])
    torch.testing.assert_close(loss(moved, sets[:, labels], batch, contrast, True, 0.1), expected)
    other = loss(vectors, sets[:, labels], batch, contrast, True, 0.1)  # the prototypes stayed where they were
    assert abs(other - expected) > 1e-3


def test_a_queue_that_repeats_the_batch_counts_as_more_references_that_are_no_anchors():
    vectors, sets = problem(batch=4, queue=0)
    doubled, twice = torch.cat([vectors[:4], vectors[:4], vectors[4:]]), torch.cat([sets, sets])
    assert_same_value_and_gradient(
        doubled, lambda v: loss(v, twice, 4, msc, True, 0.1), lambda v: msc_loop(v, twice, 4, 0.1)
    )
    # The known change of N for an anchor i and a label j: every positive counts twice, the anchor's own copy once more.
    once = msc(sets, sets, itself(4, sets), True).weights[:, 4:]
    found = msc(sets, twice, itself(4, twice), True).weights[:, 8:]
    for i, j in sets.nonzero().tolist():
        before, size = 1 / (sets[i].sum() * once[i, j]), sets[i].sum()
        torch.testing.assert_close(1 / (size * found[i, j]), 1 + 2 * (before - 1) + 1 / size)


def test_gradient_with_respect_to_similarity_is_softmax_minus_weights():
    vectors, sets = problem()
    weights, gain, _ = msc(sets[:6], sets, itself(6, sets), True)
    gain[:, : len(sets)] += math.log(0.1)
    similarity = (vectors[:6] @ vectors.T / 0.1).requires_grad_()
    weighted_contrast(similarity, weights, gain).sum().backward()
    factor = torch.ones(len(vectors), dtype=torch.float64)
    factor[: len(sets)] = 0.1
    share = torch.exp(similarity.detach()) * factor * ~itself(6, vectors)
    share /= share.sum(1, keepdim=True)
    assert similarity.grad.abs().max() > 0.1
    torch.testing.assert_close(similarity.grad, share - weights)
    torch.testing.assert_close(similarity.grad.sum(1), torch.zeros(6, dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", EVERY)
def test_an_anchor_without_labels_is_dropped_but_still_repels(name):
    contrast = registry.load(name)
    vectors, sets = problem()
    sets[4], sets[2] = sets[0], 0
    vectors.requires_grad_()
    value = loss(vectors, sets, 6, contrast, True, 0.1)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(vectors.grad).all()
    found = contrast(sets[:6], sets, itself(6, sets), True)
    assert found.weights[2].sum() == 0
    assert not found.weights[[0, 1, 3, 4, 5], 2].any() or name == "jscl_released", "nothing attracts it"
    assert vectors.grad[2].abs().sum() > 0, "the others still meet it"


@pytest.mark.parametrize("name", EVERY)
def test_a_batch_without_any_label_costs_nothing_and_has_no_gradient(name):
    vectors, sets = problem()
    vectors.requires_grad_()
    value = loss(vectors, torch.zeros_like(sets), 6, registry.load(name), True, 0.1)
    value.backward()
    assert value == 0
    assert not vectors.grad.any()


@pytest.mark.parametrize("name", EVERY)
def test_anchors_without_a_positive_cost_nothing_and_leave_the_others_their_loss(name):
    contrast = registry.load(name)
    vectors, _ = problem(batch=3, queue=0)
    sets = torch.tensor([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=torch.float64)
    weights, gain, constant = contrast(sets, sets, itself(3, sets), False)
    similarity = (vectors[:3] @ vectors[:3].T / 0.1).requires_grad_()
    losses = weighted_contrast(similarity, weights, gain) + constant
    losses.sum().backward()
    assert losses[2] == 0
    assert (losses[:2].abs() > 1e-3).all()
    assert not similarity.grad[2].any()


def test_a_label_without_another_member_is_attracted_by_its_prototype_alone():
    sets = torch.tensor([[1.0, 0], [0, 1.0]], dtype=torch.float64)
    weights = msc(sets, sets, torch.eye(2, dtype=torch.bool), True).weights
    torch.testing.assert_close(weights, torch.cat([torch.zeros(2, 2), torch.eye(2)], 1).double())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_equal_label_sets_weigh_batch_and_queue_alike_and_a_prototype_more_for_its_label(size):
    sets = torch.zeros(7, 4, dtype=torch.float64)
    sets[:, :size] = 1
    weights = msc(sets[:3], sets, itself(3, sets), True).weights
    texts, own, other = weights[:, :7], weights[:, 7 : 7 + size], weights[:, 7 + size :]
    assert not texts[itself(3, sets)].any()
    assert not other.any()
    each = texts[~itself(3, sets)]
    torch.testing.assert_close(each, each[0].expand(18))
    # By hand: six positives of 1/size and the prototype's 1, for each of `size` labels.
    normaliser = 1 + 6 / size
    torch.testing.assert_close(each[0].item(), 1 / size / normaliser)
    torch.testing.assert_close(own, torch.full_like(own, 1 / size / normaliser))
    for_its_label = each[0] / size  # a text's weight comes from all its labels, a prototype's from one
    assert (own[0, 0] > 1.5 * for_its_label) == (size > 1)


@pytest.mark.parametrize("name", EVERY)
def test_a_batch_of_one_is_finite_with_references_and_zero_without(name):
    contrast = registry.load(name)
    vectors, sets = problem(batch=1, queue=3)
    sets[1] = sets[0]
    with_queue = loss(vectors, sets, 1, contrast, True, 0.1)
    assert torch.isfinite(with_queue)
    assert with_queue != 0
    assert torch.isfinite(loss(vectors[[0, 4, 5, 6, 7]], sets[:1], 1, contrast, True, 0.1))
    alone = vectors[:1].clone().requires_grad_()
    value = loss(alone, sets[:1], 1, contrast, False, 0.1)
    value.backward()
    assert value == 0
    assert torch.equal(alone.grad, torch.zeros_like(alone))


@pytest.mark.parametrize("name", EVERY)
def test_more_labels_than_documents_are_fine(name):
    vectors, sets = problem(batch=4, queue=2, labels=30)
    sets[1] = sets[0]
    value = loss(vectors.requires_grad_(), sets, 4, registry.load(name), True, 0.1)
    value.backward()
    assert value.abs() > 1e-3
    assert torch.isfinite(vectors.grad).all()
