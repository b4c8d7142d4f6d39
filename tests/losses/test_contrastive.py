"""The contrastive losses of ABALONE against loops over explicit pairs, and every invariant of their definition."""

import math

import pytest
import torch
from pushpull.losses.contrastive import jaccard, msc
from pushpull.losses.kernel import weighted_contrast
from torch.nn import functional as F

TEMPERATURE = 0.1


def problem(batch=6, queue=5, labels=4, width=7, seed=0, single=False):
    """Random unit vectors and label sets in float64; every anchor has at least one label."""
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(batch + queue + labels, width, dtype=torch.float64, generator=generator), dim=1)
    first = torch.randint(labels, (batch + queue,), generator=generator)
    sets = F.one_hot(first, labels).double()
    if not single:
        sets = ((torch.rand(batch + queue, labels, generator=generator) < 0.4) | sets.bool()).double()
    return vectors, sets


def loss(vectors, sets, batch, contrast, prototypes=True, negative_weight=1.0, temperature=TEMPERATURE):
    """The loss as training computes it: batch and queue references, then prototypes."""
    references = len(sets)
    exclude = torch.eye(batch, references, dtype=torch.bool)
    weights, gain, _ = contrast(sets[:batch], sets, exclude, prototypes)
    used = vectors if prototypes else vectors[:references]
    gain[:, :references] += math.log(negative_weight)
    return weighted_contrast(vectors[:batch] @ used.T / temperature, weights, gain).sum() / batch


def base_loop(vectors, sets, batch, prototypes, temperature=TEMPERATURE):
    """L_Base with queue and prototypes, pair by pair (losses.md 2.2)."""
    labels = sets.shape[1]
    all_sets = torch.cat([sets, torch.eye(labels, dtype=sets.dtype)]) if prototypes else sets
    total = 0.0
    for i in range(batch):
        references = [k for k in range(len(all_sets)) if k != i]
        similarity = {k: vectors[i] @ vectors[k] / temperature for k in references}
        log_sum = math.log(1) + torch.stack([similarity[k] for k in references]).exp().sum().log()
        share = {}
        for k in references:
            union = ((all_sets[i] + all_sets[k]) > 0).sum()
            share[k] = (all_sets[i] * all_sets[k]).sum() / union if union else 0.0
        normaliser = sum(share.values())
        if normaliser > 0:
            total = total - sum(share[k] * (similarity[k] - log_sum) for k in references) / normaliser
    return total / batch


def msc_loop(vectors, sets, batch, beta, prototypes=True, temperature=TEMPERATURE):
    """L_MSC, label by label and positive by positive (losses.md 2.3, corrected equation 3)."""
    references, labels = sets.shape
    total = 0.0
    for i in range(batch):
        others = [k for k in range(references) if k != i]
        denominator = sum(beta * torch.exp(vectors[i] @ vectors[k] / temperature) for k in others)
        if prototypes:
            denominator = denominator + sum(
                torch.exp(vectors[i] @ vectors[references + j] / temperature) for j in range(labels)
            )
        terms = []
        for j in range(labels):
            if not sets[i, j]:
                continue
            positives = [(1 / ((sets[i] + sets[k]) > 0).sum().item(), k) for k in others if sets[k, j]]
            if prototypes:
                positives.append((1.0, references + j))
            if positives:
                normaliser = sum(weight for weight, _ in positives)
                terms.append(
                    sum(
                        weight * torch.log(torch.exp(vectors[i] @ vectors[k] / temperature) / denominator)
                        for weight, k in positives
                    )
                    / normaliser
                )
        if terms:
            total = total - sum(terms) / len(terms)
    return total / batch


def assert_same_value_and_gradient(vectors, kernel, loop):
    one, two = (vectors.clone().requires_grad_() for _ in range(2))
    value, expected = kernel(one), loop(two)
    value.backward()
    expected.backward()
    assert expected.abs() > 1e-3, "a comparison of zeros proves nothing"
    assert two.grad.abs().max() > 1e-3
    torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-9, atol=1e-9)


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


def test_msc_weights_of_an_anchor_sum_to_one_and_each_of_its_labels_to_an_equal_share():
    _, sets = problem(batch=9, queue=40, labels=5, seed=3)
    exclude = torch.eye(9, len(sets), dtype=torch.bool)
    weights = msc(sets[:9], sets, exclude, True).weights
    torch.testing.assert_close(weights.sum(1), torch.ones(9, dtype=torch.float64))
    for i in range(9):
        for j in torch.nonzero(sets[i]).flatten():
            # The label's own part of the weights, pair by pair.
            closeness = torch.tensor([0.0 if k == i else 1 / ((sets[i] + sets[k]) > 0).sum() for k in range(len(sets))])
            normaliser = 1 + (closeness * sets[:, j]).sum()
            part = (closeness * sets[:, j]).sum() / normaliser + 1 / normaliser
            assert part / sets[i].sum() == pytest.approx(1 / sets[i].sum().item())


def supcon_loop(vectors, classes, temperature):
    total = 0.0
    for i in range(len(classes)):
        others = [k for k in range(len(classes)) if k != i]
        positives = [k for k in others if classes[k] == classes[i]]
        log_sum = torch.stack([vectors[i] @ vectors[k] / temperature for k in others]).exp().sum().log()
        if positives:
            total = total - sum(vectors[i] @ vectors[k] / temperature - log_sum for k in positives) / len(positives)
    return total / len(classes)


@pytest.mark.parametrize("contrast", [jaccard, msc])
def test_one_label_per_document_without_queue_and_prototypes_is_supcon(contrast):
    vectors, sets = problem(batch=8, queue=0, single=True)
    vectors = vectors[:8]
    expected = supcon_loop(vectors, sets.argmax(1).tolist(), TEMPERATURE)
    torch.testing.assert_close(loss(vectors, sets, 8, contrast, prototypes=False), expected)


def test_msc_without_prototypes_equals_base_where_the_normalisers_of_an_anchors_labels_agree():
    vectors, _ = problem(batch=4, queue=0, labels=4)
    sets = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=torch.float64)
    vectors = vectors[:4]
    one, two = (loss(vectors, sets, 4, contrast, prototypes=False) for contrast in (msc, jaccard))
    torch.testing.assert_close(one, two)


def test_msc_is_bounded_below_by_log_beta_and_can_be_negative():
    sets = torch.tensor([[1.0, 0]] * 42, dtype=torch.float64)
    aligned = torch.zeros(44, 3, dtype=torch.float64)
    aligned[:42, 0], aligned[42, 1], aligned[43, 2] = 1, 1, 1
    value = loss(aligned, sets, 2, msc, True, negative_weight=0.01)
    assert math.log(0.01) <= value < 0
    for seed in range(5):
        vectors, sets = problem(seed=seed)
        assert loss(vectors, sets, 6, msc, True, 0.1) >= math.log(0.1)


@pytest.mark.parametrize("contrast", [jaccard, msc])
def test_rotation_and_permutations_of_documents_and_labels_change_nothing(contrast):
    vectors, sets = problem()
    batch, references = 6, len(sets)
    expected = loss(vectors, sets, batch, contrast, True, 0.1)
    rotation = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1)))[0]
    torch.testing.assert_close(loss(vectors @ rotation, sets, batch, contrast, True, 0.1), expected)
    documents = torch.cat([torch.tensor([3, 0, 5, 1, 4, 2]), torch.arange(batch, references)])
    moved = torch.cat([vectors[:references][documents], vectors[references:]])
    torch.testing.assert_close(loss(moved, sets[documents], batch, contrast, True, 0.1), expected)
    labels = torch.tensor([2, 0, 3, 1])
    moved = torch.cat([vectors[:references], vectors[references:][labels]])
    torch.testing.assert_close(loss(moved, sets[:, labels], batch, contrast, True, 0.1), expected)


def test_a_queue_that_repeats_the_batch_counts_as_more_references_that_are_no_anchors():
    vectors, sets = problem(batch=4, queue=0)
    doubled = torch.cat([vectors[:4], vectors[:4], vectors[4:]])
    sets = torch.cat([sets, sets])
    torch.testing.assert_close(loss(doubled, sets, 4, msc, True, 0.1), msc_loop(doubled, sets, 4, 0.1))


def test_gradient_with_respect_to_similarity_is_softmax_minus_weights():
    vectors, sets = problem()
    exclude = torch.eye(6, len(sets), dtype=torch.bool)
    weights, gain, _ = msc(sets[:6], sets, exclude, True)
    gain[:, : len(sets)] += math.log(0.1)
    similarity = (vectors[:6] @ vectors.T / TEMPERATURE).requires_grad_()
    weighted_contrast(similarity, weights, gain).sum().backward()
    torch.testing.assert_close(similarity.grad, torch.softmax(similarity + gain, 1) - weights)
    torch.testing.assert_close(similarity.grad.sum(1), torch.zeros(6, dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("contrast", [jaccard, msc])
def test_an_anchor_without_labels_is_dropped_but_still_repels(contrast):
    vectors, sets = problem()
    sets[2] = 0
    vectors.requires_grad_()
    value = loss(vectors, sets, 6, contrast, True, 0.1)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(vectors.grad).all()
    exclude = torch.eye(6, len(sets), dtype=torch.bool)
    assert contrast(sets[:6], sets, exclude, True).weights[2].sum() == 0
    assert vectors.grad[2].abs().sum() > 0, "it is a negative of the others"


def test_a_label_without_another_member_is_attracted_by_its_prototype_alone():
    sets = torch.tensor([[1.0, 0], [0, 1.0]], dtype=torch.float64)
    weights = msc(sets, sets, torch.eye(2, dtype=torch.bool), True).weights
    torch.testing.assert_close(weights, torch.cat([torch.zeros(2, 2), torch.eye(2)], 1).double())


def test_a_batch_of_one_is_finite_with_prototypes_and_zero_without_any_reference():
    vectors, sets = problem(batch=1, queue=0)
    assert torch.isfinite(loss(vectors, sets, 1, msc, True, 0.1))
    alone = vectors[:1].clone().requires_grad_()
    value = loss(alone, sets, 1, msc, False, 0.1)
    value.backward()
    assert value == 0
    assert torch.equal(alone.grad, torch.zeros_like(alone))


def test_a_temperature_of_a_thousandth_does_not_overflow():
    vectors, sets = problem()
    value = loss(vectors.float(), sets.float(), 6, msc, True, 0.1, temperature=1e-3)
    expected = loss(vectors, sets, 6, msc, True, 0.1, temperature=1e-3)
    assert torch.isfinite(value)
    assert value.item() == pytest.approx(expected.item(), rel=1e-3)


def test_no_tensor_of_batch_times_references_times_labels_is_made():
    batch, references, labels = 64, 1024, 400
    sets = (torch.rand(references, labels) < 0.02).float()
    exclude = torch.eye(batch, references, dtype=torch.bool)
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            result = function(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                largest = max(largest, result.numel())
            return result

    with Watch():
        msc(sets[:batch], sets, exclude, True)
    assert 0 < largest <= references * labels
