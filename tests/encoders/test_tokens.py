"""Batches are trimmed to their longest document and the mask covers exactly the real tokens."""

import numpy as np
from pushpull.encoders.tokens import Tokens


def test_batches_hold_the_rows_asked_for_padded_to_the_longest_of_them():
    rows = [[101, 5, 6, 102], [101, 102], [101, 7, 102], [101, 1, 2, 3, 4, 102]]
    tokens = Tokens.from_rows(rows, pad=0)
    batch = tokens.batch(np.array([2, 1, 0]))
    assert batch["input_ids"].tolist() == [[101, 7, 102, 0], [101, 102, 0, 0], [101, 5, 6, 102]]
    assert batch["lengths"].tolist() == [3, 2, 4]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


def test_a_random_corpus_comes_back_row_by_row():
    generator = np.random.default_rng(0)
    rows = [generator.integers(1, 99, generator.integers(1, 30)).tolist() for _ in range(50)]
    tokens = Tokens.from_rows(rows, pad=0)
    order = generator.permutation(50)
    batch = tokens.batch(order)
    for position, row in enumerate(order):
        length = int(batch["attention_mask"][position].sum())
        assert batch["input_ids"][position, :length].tolist() == rows[row]
        assert not batch["input_ids"][position, length:].any()


def test_a_document_without_tokens_gives_an_empty_row():
    batch = Tokens.from_rows([[], [3, 4]], pad=9).batch(np.array([0, 1]))
    assert batch["input_ids"].tolist() == [[9, 9], [3, 4]]
    assert batch["attention_mask"].tolist() == [[0, 0], [1, 1]]
