"""Which documents make up train, validation and test, and which labels they keep."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from random import Random
from types import MappingProxyType

import numpy as np
from scipy.sparse import csr_array

from pushpull.data.documents import SPLITS, Document, Documents
from pushpull.data.remains import without_controls
from pushpull.data.stratify import stratified_cut
from pushpull.errors import InputError, unknown


def checked(
    dataset: str,
    task: str,
    splits: dict[str, Iterable[Document]],
    needed: Collection[str] = ("train", "test"),
    published: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Iterator[Document]]:
    """Return the splits, in the order of `SPLITS`, as iterators that check each document as it goes by.

    Walk every one of them once. The ids seen are remembered, about 95 bytes each: 75 MB for the 804,414 documents
    of RCV1-v2.

    Args:
        needed: splits that must be there.
        published: split -> number of documents that it must have.

    Raises:
        InputError: a split is missing or unknown; while walking: a split is empty or has another number of documents
            than published, an id occurs twice, a document of a single-label task has not exactly one label, a
            document has a label twice, a text cannot be written as UTF-8, an id or a label holds a control character.
    """
    strange = [split for split in splits if split not in SPLITS]
    if strange:
        raise InputError(f"{dataset}: {unknown('split', strange[0], SPLITS)}")
    empty = [split for split in SPLITS if not splits.get(split) and (split in splits or split in needed)]
    if empty:
        raise _empty(dataset, empty[0])
    first_seen: dict[str, str] = {}
    return {
        split: _counted(dataset, split, _checked(dataset, task, split, splits[split], first_seen), published.get(split))
        for split in SPLITS
        if split in splits
    }


def _counted(dataset: str, split: str, rows: Iterator[Document], published: int | None) -> Iterator[Document]:
    count = 0
    for row in rows:
        count += 1
        yield row
    if published not in (None, count):
        raise InputError(
            f"{dataset}: {published:,} {split} documents are published, {count:,} are in the files: these are cut off "
            f"or another version. Delete results/data/{dataset}/raw and what results/checksums/ says of it, and fetch "
            "them again; to take them as they are, name them under `files:`, where the reader has that"
        )


def _empty(dataset: str, split: str) -> InputError:
    return InputError(f"{dataset}: the split {split} has no document; train and test are needed")


def _checked(
    dataset: str, task: str, split: str, rows: Iterable[Document], first_seen: dict[str, str]
) -> Iterator[Document]:
    row = None
    for row in rows:
        if row.id in first_seen:
            raise InputError(
                f"{dataset}: id {row.id!r} occurs twice, in {first_seen[row.id]} and {split}; make ids "
                "unique, or leave out `id:` to number the rows"
            )
        first_seen[row.id] = split
        if task == "single" and len(row.labels) != 1:
            raise InputError(
                f"{dataset}: {split} document {row.id!r} has {len(row.labels)} labels, "
                "but `task: single` needs exactly one; mend it or set `task: multi`"
            )
        if len(set(row.labels)) < len(row.labels):
            raise InputError(f"{dataset}: {split} document {row.id!r} has a label twice: {', '.join(row.labels)}")
        hidden = [name for name in (row.id, *row.labels) if without_controls(name) != name]
        if hidden:
            raise InputError(
                f"{dataset}: {split} document {row.id!r}: the id or label {hidden[0]!r} holds a control character, a "
                "byte order mark or a soft hyphen, which nobody sees in a table; mend its file"
            )
        try:
            "".join((row.id, row.text, *row.labels)).encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"{dataset}: {split} document {row.id!r} holds half of a character ({error.reason}); mend its file"
            ) from None
        yield row
    if row is None:
        raise _empty(dataset, split)


def resplit(dataset: str, documents: Documents, validation: int, test: int, seed: int) -> None:
    """Pool all splits, cut `validation` and `test` documents off at random; the rest is train, all in file order.

    Not stratified. Every document is held in memory.

    Raises:
        InputError: no document would be left for train.
    """
    rows = [row for split in documents.splits.values() for row in split]
    if len(rows) <= validation + test:
        raise InputError(
            f"{dataset}: resplit: {validation:,} validation and {test:,} test documents are asked for, but all splits "
            f"together have {len(rows):,}; lower them so that documents are left for train"
        )
    order = list(range(len(rows)))
    Random(seed).shuffle(order)
    ends = {"validation": order[:validation], "test": order[validation : validation + test]}
    chosen = {"train": order[validation + test :], **ends}
    documents.splits = {split: [rows[index] for index in sorted(chosen[split])] for split in SPLITS}
    documents.notes.append(
        f"all published splits pooled and split again at random with seed {seed}; a paper that prints no seed had "
        "other documents in each split"
    )


def drop_rare_labels(dataset: str, task: str, documents: Documents, least: int) -> set[str]:
    """Take labels with fewer than `least` training documents off every split; the documents stay.

    Args:
        documents: train is a list; other splits are walked when they are written.

    Returns:
        Names of the labels taken off. A stream's own ones are added while it is walked.

    Raises:
        InputError: no label would be left, or the task is single-label, where every document must keep its label.
    """
    if task == "single":
        raise InputError(f"{dataset}: min_train_documents: only for `task: multi`; leave it out")
    counts = Counter(label for row in documents.splits["train"] for label in row.labels)
    kept = {label for label, count in counts.items() if count >= least}
    if not kept:
        raise InputError(
            f"{dataset}: min_train_documents: no label has {least} training documents, the most frequent one has "
            f"{max(counts.values(), default=0)}; lower it"
        )
    dropped = set(documents.label_texts) - kept
    documents.label_texts = {name: text for name, text in documents.label_texts.items() if name in kept}
    documents.splits = {split: _only(rows, kept, dropped) for split, rows in documents.splits.items()}
    documents.splits["train"] = list(documents.splits["train"])
    return dropped


def _only(rows: Iterable[Document], kept: set[str], dropped: set[str]) -> Iterator[Document]:
    for row in rows:
        dropped.update(label for label in row.labels if label not in kept)
        yield row._replace(labels=tuple(label for label in row.labels if label in kept))


def cut_validation(dataset: str, documents: Documents, share: float, seed: int) -> str:
    """Move a stratified share of train, which is a list, to validation, both in file order; return what was cut.

    Every label keeps a training document. Where this leaves fewer documents than asked for, what is returned and the
    notes say so.

    Raises:
        InputError: no document can be cut.
    """
    rows = documents.splits["train"]
    names = sorted({label for row in rows for label in row.labels})
    chosen = stratified_cut(_members(rows, names), share, seed)
    if not chosen.any():
        raise InputError(
            f"{dataset}: {len(rows):,} training documents are too few to cut a validation split from "
            f"({100 * share:g} %, seed {seed}): each is the last one of a label; give a validation file"
        )
    documents.splits["validation"] = [row for row, cut in zip(rows, chosen, strict=True) if cut]
    documents.splits["train"] = [row for row, cut in zip(rows, chosen, strict=True) if not cut]
    counts = Counter(label for row in rows for label in row.labels)
    if lonely := [name for name in names if counts[name] == 1]:
        documents.notes.append(f"labels with a single training document, which stays in train: {', '.join(lonely)}")
    if abs(chosen.sum() - share * len(rows)) <= 1:
        return f"{100 * share:g} %"
    documents.notes.append(
        f"{100 * share:g} % of the {len(rows):,} training documents were to be cut off, {chosen.sum():,} are: each of "
        "the others is the last one that a label has in train"
    )
    return f"{100 * chosen.mean():.2g} % of the {100 * share:g} % asked for"


def _members(rows: list[Document], names: list[str]) -> csr_array:
    """Int32 [documents, labels]: 1 where a document has the label."""
    column = {name: index for index, name in enumerate(names)}
    columns = np.fromiter((column[label] for row in rows for label in row.labels), np.int32)
    ends = np.cumsum([0, *(len(row.labels) for row in rows)], dtype=np.int32)
    return csr_array((np.ones(len(columns), np.int32), columns, ends), shape=(len(rows), len(names)))
