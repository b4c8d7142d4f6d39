"""Queue and momentum encoder against the plain definition."""

import torch
from pushpull.training.momentum import Queue, follow
from torch import nn


def test_the_queue_starts_empty_and_forgets_the_oldest_first():
    queue, expected = Queue(size=5, projection=2, labels=3), []
    assert len(queue.filled()[0]) == 0
    generator = torch.Generator().manual_seed(0)
    for step in range(7):
        keys = torch.randn(2, 2, generator=generator)
        labels = torch.full((2, 3), float(step))
        queue.push(keys, labels)
        expected = (expected + list(zip(keys.tolist(), labels.tolist(), strict=True)))[-5:]
        found = zip(*(tensor.tolist() for tensor in queue.filled()), strict=True)
        assert sorted(found) == sorted(expected)


def test_more_keys_than_slots_leave_the_last_ones():
    queue = Queue(size=3, projection=1, labels=1)
    queue.push(torch.arange(8.0)[:, None], torch.zeros(8, 1))
    assert sorted(queue.filled()[0].flatten().tolist()) == [5, 6, 7]


def test_a_reloaded_queue_still_knows_how_full_it_is():
    queue, other = Queue(4, 2, 3), Queue(4, 2, 3)
    queue.push(torch.ones(3, 2), torch.ones(3, 3))
    other.load_state_dict(queue.state_dict())
    assert len(other.filled()[0]) == 3


def test_momentum_zero_copies_one_freezes_and_between_is_the_weighted_mean():
    def pair():
        torch.manual_seed(0)
        return nn.Linear(3, 2), nn.Linear(3, 2)

    target, source = pair()
    follow(target, source, 0.0)
    assert torch.equal(target.weight, source.weight)
    target, source = pair()
    before = target.weight.clone()
    follow(target, source, 1.0)
    assert torch.equal(target.weight, before)
    follow(target, source, 0.999)
    torch.testing.assert_close(target.weight, 0.999 * before + 0.001 * source.weight)
    assert not torch.equal(target.weight, before)
