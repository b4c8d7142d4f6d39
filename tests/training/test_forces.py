"""Attraction and repulsion of labels against a double loop over documents, and the bound that they are made for."""

import math

import pytest
import torch
from pushpull.losses.contrastive import supcon
from pushpull.losses.kernel import weighted_contrast
from pushpull.training.forces import Forces
from torch.nn import functional as F


def batch(documents=9, labels=4, seed=0):
    """Unit vectors, and label sets with some empty ones."""
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(documents, 5, dtype=torch.float64, generator=generator), dim=1)
    return vectors, (torch.rand(documents, labels, generator=generator) < 0.4).double()


def loop(batches, label):
    """Mean over all pairs of documents that share a batch: minus the cosine within the label, and across."""
    within, across = [], []
    for vectors, labels in batches:
        for i in range(len(labels)):
            for k in range(len(labels)):
                if i != k and labels[i, label]:
                    (within if labels[k, label] else across).append((vectors[i] @ vectors[k]).item())
    mean = [sum(values) / len(values) if values else None for values in (within, across)]
    return (None if mean[0] is None else -mean[0]), mean[1]


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]])
def test_forces_equal_the_double_loop_over_the_documents_of_each_batch(seeds):
    forces = Forces(4)
    batches = [batch(documents=9 - seed, seed=seed) for seed in seeds]
    for vectors, labels in batches:
        forces.observe(vectors, labels)
    found = forces.drain()
    for label in range(4):
        attraction, repulsion = loop(batches, label)
        assert abs(attraction) > 1e-4
        assert abs(repulsion) > 1e-4
        assert found["attraction"][label] == pytest.approx(attraction, abs=1e-6)
        assert found["repulsion"][label] == pytest.approx(repulsion, abs=1e-6)


def test_a_label_with_one_document_attracts_nothing_and_one_with_all_repels_nothing():
    vectors, _ = batch(documents=4)
    labels = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]], dtype=torch.float64)
    labels[:, 1] = 1
    forces = Forces(3)
    forces.observe(vectors, labels)
    found = forces.drain()
    assert found["attraction"] == [None, pytest.approx(loop([(vectors, labels)], 1)[0], abs=1e-6), None]
    assert found["repulsion"] == [pytest.approx(loop([(vectors, labels)], 0)[1], abs=1e-6), None, None]


@pytest.mark.parametrize("documents", [0, 1])
def test_a_batch_without_pairs_is_no_pair(documents):
    forces = Forces(4)
    vectors, labels = batch(documents=documents)
    forces.observe(vectors, labels)
    assert forces.drain() == {"attraction": [None] * 4, "repulsion": [None] * 4}


def test_draining_begins_anew():
    first, second = batch(seed=0), batch(seed=1)
    forces, fresh = Forces(4), Forces(4)
    forces.observe(*first)
    before = forces.drain()
    forces.observe(*second)
    fresh.observe(*second)
    assert forces.drain() == fresh.drain() != before
    assert forces.drain() == {"attraction": [None] * 4, "repulsion": [None] * 4}


def test_a_checkpoint_in_the_middle_of_an_epoch_loses_nothing():
    whole, first, second = Forces(4), Forces(4), Forces(4)
    whole.observe(*batch(seed=0))
    whole.observe(*batch(seed=1))
    first.observe(*batch(seed=0))
    second.load_state_dict(first.state_dict())
    second.observe(*batch(seed=1))
    found = second.drain()
    assert None not in found["attraction"]
    assert found == whole.drain()


def test_single_precision_and_equal_vectors_give_minus_one_and_one():
    vectors = F.normalize(torch.ones(6, 300), dim=1)
    forces = Forces(1)
    forces.observe(vectors, torch.tensor([[1.0]] * 3 + [[0.0]] * 3))
    assert forces.drain() == {"attraction": [pytest.approx(-1, abs=1e-5)], "repulsion": [pytest.approx(1, abs=1e-5)]}


def class_part(vectors, labels, label, temperature):
    """The anchors of a class in SupCon, summed (losses.md 2.4)."""
    exclude = torch.eye(len(labels), dtype=torch.bool)
    contrast = supcon(labels, labels, exclude, False)
    losses = weighted_contrast(vectors @ vectors.T / temperature, contrast.weights, contrast.log_gain)
    return losses[labels[:, label] > 0].sum().item()


def bound(vectors, labels, label, temperature):
    """The printed lower bound, anchor by anchor."""
    members = labels[:, label].nonzero().flatten().tolist()
    rest = [k for k in range(len(labels)) if k not in members]
    total = 0.0
    for i in members:
        attraction = -sum((vectors[i] @ vectors[k]).item() for k in members if k != i) / (len(members) - 1)
        repulsion = sum((vectors[i] @ vectors[k]).item() for k in rest) / len(rest)
        total += math.log(len(members) - 1 + len(rest) * math.exp((attraction + repulsion) / temperature))
    return total


@pytest.mark.parametrize("temperature", [0.1, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_class_part_of_supcon_is_bounded_from_below_by_attraction_and_repulsion(seed, temperature):
    vectors, _ = batch(documents=12, seed=seed)
    labels = F.one_hot(torch.arange(12) % 3, 3).double()
    forces = Forces(3)
    forces.observe(vectors, labels)
    found = forces.drain()
    for label in range(3):
        value, printed = class_part(vectors, labels, label, temperature), bound(vectors, labels, label, temperature)
        assert value > printed > 1e-3
        # The exponential is convex: with the label's means in place of each anchor's the bound is lower still.
        sums = (found["attraction"][label] + found["repulsion"][label]) / temperature
        assert printed >= 4 * math.log(3 + 8 * math.exp(sums)) - 1e-4


def test_the_bound_is_reached_where_every_class_is_one_vertex_of_a_simplex():
    labels = F.one_hot(torch.arange(12) % 3, 3).double()
    vectors = labels @ F.normalize(torch.eye(3, dtype=torch.float64) - 1 / 3, dim=1)
    value = class_part(vectors, labels, 0, 0.5)
    assert value > 1e-3
    assert value == pytest.approx(bound(vectors, labels, 0, 0.5), rel=1e-9)
