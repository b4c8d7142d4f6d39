"""Batches come in the order of seed and epoch, made ahead by a thread, and nothing is drawn for them elsewhere."""

import threading

import numpy as np
import pytest
import torch
from pushpull.encoders.tokens import Tokens
from pushpull.training.batches import Corpus, batches, epoch_order, rows_of_steps, steps_per_epoch, to_device
from torch import nn


@pytest.mark.parametrize(
    ("documents", "whole_batches", "steps"),
    [(64, True, 2), (65, True, 2), (65, False, 3), (64, False, 2), (5, True, 1)],
)
def test_training_that_compares_documents_drops_an_incomplete_last_batch(documents, whole_batches, steps):
    assert steps_per_epoch(documents, 32, whole_batches) == steps


def test_an_epochs_order_is_a_permutation_and_a_function_of_seed_and_epoch():
    first = epoch_order(50, seed=1, epoch=0)
    assert sorted(first) == list(range(50))
    assert np.array_equal(first, epoch_order(50, seed=1, epoch=0))
    assert not np.array_equal(first, epoch_order(50, seed=1, epoch=1))
    assert not np.array_equal(first, epoch_order(50, seed=2, epoch=0))


def corpus(documents):
    tokens = Tokens.from_rows([[row] * (1 + row % 3) for row in range(documents)], pad=99)
    return Corpus(tokens, np.eye(documents, dtype=np.float32), [str(row) for row in range(documents)])


@pytest.mark.parametrize("first", [0, 2, 3, 4])
def test_the_steps_of_two_epochs_read_their_orders_wherever_a_run_begins(first):
    orders = [epoch_order(8, 5, epoch) for epoch in (0, 1)]
    expected = [order[begin : begin + 3].tolist() for order in orders for begin in (0, 3, 6)][first:]
    found = [rows.tolist() for rows in rows_of_steps(8, 3, 5, 3, range(first, 6))]
    assert found == expected


def test_batches_are_made_ahead_by_a_thread_and_draw_no_random_number():
    made, whole = [], corpus(7)

    class Prepared(nn.Module):
        def prepare(self, labels):
            made.append(threading.current_thread())
            return {"counts": labels.sum(1)}

    before = torch.get_rng_state()
    rows = [np.array([3, 0]), np.array([6]), np.array([1, 2, 4])]
    with batches(Prepared(), whole, rows, "cpu") as all_of_them:
        for number, (chosen, batch) in enumerate(all_of_them):
            assert np.array_equal(chosen, rows[number])
            for name, tensor in whole.tokens.batch(chosen).items():
                assert np.array_equal(batch[name], tensor)
            assert torch.equal(batch["labels"], torch.eye(7)[chosen])
            assert batch["counts"].tolist() == [1] * len(chosen)
    assert number == 2
    assert len(made) == 3
    assert threading.current_thread() not in made
    assert torch.equal(torch.get_rng_state(), before)


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_wanted():
    with batches(nn.Module(), corpus(3), [np.array([0]), np.array([7])], "cpu") as made:
        assert next(made)[0].tolist() == [0]
        with pytest.raises(IndexError):
            next(made)


def test_lengths_stay_on_the_host_where_packing_looks_at_them():
    batch = Tokens.from_rows([[5, 6], [7]], pad=0).batch(np.arange(2)) | {"labels": torch.eye(2)}
    moved, labels = to_device(batch, "meta")
    assert {moved["input_ids"].device.type, moved["attention_mask"].device.type, labels.device.type} == {"meta"}
    assert moved["lengths"].tolist() == [2, 1]
