"""The cut of a share: its size, and what every label has of it, over many ways in which labels can lie."""

import time

import numpy as np
import pytest
from pushpull.data.stratify import stratified_cut
from scipy.sparse import csr_array


def matrix(label_sets: list, labels: int) -> csr_array:
    members = np.zeros((len(label_sets), labels), dtype=np.int32)
    for row, own in enumerate(label_sets):
        members[row, list(own)] = 1
    return csr_array(members)


def long_tail(documents: int, labels: int, each: int, power: float, seed: int) -> csr_array:
    """Up to `each` labels a document, drawn with chances proportional to rank ** -power."""
    random = np.random.default_rng(seed)
    chance = np.arange(1.0, labels + 1) ** -power
    drawn = random.choice(labels, (documents, each), p=chance / chance.sum())
    rows = np.repeat(np.arange(documents), each)
    members = csr_array((np.ones(rows.size, np.int32), (rows, drawn.ravel())), shape=(documents, labels))
    members.data[:] = 1
    return members


def some_labels(seed: int) -> csr_array:
    """Few documents with any number of labels, now and then none."""
    random = np.random.default_rng(seed)
    documents, labels = random.integers(2, 40), random.integers(1, 20)
    return csr_array((random.random((documents, labels)) < random.random()).astype(np.int32))


CASES = {
    "one label": matrix([[0]] * 57, 1),
    "no label": matrix([[]] * 43, 1),
    "half without": matrix([[0], []] * 30, 1),
    "singletons": matrix([[label] for label in range(50)], 50),
    "singletons and one giant": matrix([[0]] * 300 + [[label] for label in range(1, 60)], 60),
    "pairs": matrix([[label // 2] for label in range(80)], 40),
    "a ring of pairs": matrix([[label, (label + 1) % 200] for label in range(200)], 200),
    "77 by 4": matrix([[label % 77] for label in range(308)], 77),
    "77 by 5": matrix([[label % 77] for label in range(385)], 77),
    "20 documents, 15 labels": matrix([[index % 15] for index in range(20)], 15),
    "every label everywhere": matrix([range(6)] * 30, 6),
    "two documents": matrix([[0], [0]], 1),
    "single-label tail": long_tail(500, 80, 1, 1.0, 0),
    "multi-label tail": long_tail(800, 90, 3, 1.3, 0),
    "more labels than documents": long_tail(300, 600, 5, 0.9, 0),
    **{f"random {seed}": some_labels(seed) for seed in range(60)},
}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.6, 0.97])
@pytest.mark.parametrize("members", CASES.values(), ids=CASES)
def test_the_size_is_exact_or_no_document_more_could_go_and_every_label_stays(members, share):
    chosen = stratified_cut(members, share, seed=3)
    dense, counts = members.toarray(), members.sum(axis=0)
    left = dense[~chosen].sum(axis=0)
    assert chosen.shape == (members.shape[0],)
    assert (left[counts > 0] > 0).all()
    assert not chosen.all()
    last = (dense.astype(bool) & (left == 1)).any(axis=1)
    if abs(chosen.sum() - share * len(chosen)) > 1:
        assert chosen.sum() < share * len(chosen)
        assert last[~chosen].all()
    assert (chosen == stratified_cut(members, share, seed=3)).all()


@pytest.mark.parametrize(("name", "size"), [("77 by 4", 31), ("77 by 5", 38), ("a ring of pairs", 20), ("pairs", 8)])
def test_a_tenth_of_small_classes_is_a_tenth_and_takes_at_most_one_of_each(name, size):
    chosen = stratified_cut(CASES[name], 0.1, seed=0)
    assert chosen.sum() == size
    assert CASES[name].toarray()[chosen].sum(axis=0).max() == 1


def test_other_seeds_choose_other_documents_and_other_small_classes():
    members = CASES["77 by 4"]
    first, second = (stratified_cut(members, 0.1, seed) for seed in (0, 1))
    assert (first != second).any()
    assert set(members[np.flatnonzero(first)].indices) != set(members[np.flatnonzero(second)].indices)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_one_label_a_document_gives_every_label_its_share_within_a_document(share, seed):
    members = long_tail(3_000, 40, 1, 1.0, seed)
    chosen, counts = stratified_cut(members, share, seed), members.sum(axis=0)
    assert chosen.sum() == share * 3_000
    off = members[np.flatnonzero(chosen)].sum(axis=0) - share * counts
    assert np.abs(off[counts > 1]).max() < 1.01


@pytest.mark.parametrize("seed", range(3))
def test_many_labels_a_document_stay_much_closer_to_their_share_than_chance(seed):
    members = long_tail(3_000, 60, 3, 1.0, seed)
    counts = members.sum(axis=0)

    def distance(chosen: np.ndarray) -> float:
        return np.abs(members[np.flatnonzero(chosen)].sum(axis=0) - 0.1 * counts).mean()

    by_chance = [np.random.default_rng(draw).permutation(3_000) < 300 for draw in range(20)]
    assert 3 * distance(stratified_cut(members, 0.1, seed)) < np.mean(list(map(distance, by_chance)))


def test_a_hundred_thousand_documents_of_a_thousand_labels_take_seconds():
    members = long_tail(100_000, 1_000, 3, 1.1, 0)
    start = time.perf_counter()
    chosen = stratified_cut(members, 0.1, seed=0)
    assert time.perf_counter() - start < 20  # 0.3 s on one core; the limit leaves room for a busy machine
    assert chosen.sum() == 10_000
