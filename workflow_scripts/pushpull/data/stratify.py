"""A share of the documents, to the document, in which every label has its share as far as that goes."""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

_CLOSE = 1e-9  # 0.1 * 30 is a little more than 3


def stratified_cut(members: csr_array, share: float, seed: int) -> np.ndarray:
    """Choose the documents to cut off train: as many as asked for, but no label's last one.

    Iterative stratification (Sechidis et al., 2011): label after label, the one with the fewest undecided documents
    first, so that frequent labels make up for what the rare ones of their documents did. A quota that is no whole
    number is rounded so that the sum stays right: of 77 labels with 4 documents, 31 give one to a cut of a tenth. What
    is missing or too much in the end is taken from, or given back to, the labels furthest from their share.

    A million documents with three labels each take a second if there are 103 labels, five if there are 20,000.

    Args:
        members: int [documents, labels], 1 where a document has a label.
        share: of the documents, in (0, 1).
        seed: of the choice among documents and labels that are alike.

    Returns:
        bool [documents], true `max(1, round(share * documents))` times; less often where each of the others is the
        last document that a label has in train, or the last of all.

    Example:
        >>> int(stratified_cut(csr_array(np.eye(2, dtype=int)[[0, 1] * 10]), 0.2, seed=0).sum())
        4
    """
    random = np.random.default_rng(seed)
    size = min(max(1, round(share * members.shape[0])), members.shape[0] - 1)
    train = members.sum(axis=0)
    kept = (1 - share) * train
    chosen = np.zeros(members.shape[0], dtype=bool)
    decided = 0
    for label, own in _rarest_first(members, random):
        decided += len(own)
        quota = train[label] - kept[label]
        bounds = np.floor(quota + _CLOSE), np.ceil(quota - _CLOSE)
        number = np.clip(round(share * decided) - np.count_nonzero(chosen), *bounds)
        _take(members, train, chosen, own, int(number))
    undecided = np.flatnonzero(members.sum(axis=1) == 0)
    _take(members, train, chosen, random.permutation(undecided), size - np.count_nonzero(chosen))
    _settle(members, train, kept, chosen, size, random)
    return chosen


def _rarest_first(members: csr_array, random: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Labels with those of their documents that had no turn yet, in random order; the label with the fewest next."""
    columns = members.tocsc()
    open_documents = np.ones(members.shape[0], dtype=bool)
    left = members.sum(axis=0)
    tie = random.random(len(left)) / 2
    while left.any():
        label = int(np.where(left > 0, left + tie, np.inf).argmin())
        own = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        own = random.permutation(own[open_documents[own]])
        open_documents[own] = False
        left -= np.bincount(members[own].indices, minlength=len(left))
        yield label, own


def _take(members: csr_array, train: np.ndarray, chosen: np.ndarray, order: np.ndarray, number: int) -> None:
    """Choose the first `number` documents of `order` that leave each label one in train, or as many as there are."""
    for document in order[members[order] @ (train <= 1) == 0]:
        labels = members.indices[members.indptr[document] : members.indptr[document + 1]]
        if number <= 0:
            return
        if (train[labels] > 1).all():
            chosen[document] = True
            train[labels] -= 1
            number -= 1


def _settle(
    members: csr_array,
    train: np.ndarray,
    kept: np.ndarray,
    chosen: np.ndarray,
    size: int,
    random: np.random.Generator,
) -> None:
    """Take or give back documents until `size` are chosen: those first that most lessen the squared distances."""
    while missing := size - np.count_nonzero(chosen):
        step = max(1, abs(missing) // 4)  # a few at a time, for each one changes what is far off
        pool = random.permutation(np.flatnonzero(chosen == (missing < 0)))
        off = 2 * (train - kept)
        if missing < 0:
            pool = pool[np.argsort(members[pool] @ (off + 1), kind="stable")][:step]
            chosen[pool] = False
            train += members[pool].sum(axis=0)
            continue
        _take(members, train, chosen, pool[np.argsort(members[pool] @ (1 - off), kind="stable")], step)
        if size - np.count_nonzero(chosen) == missing:
            return
