"""What every reader returns."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

SPLITS = ("train", "validation", "test")


class Document(NamedTuple):
    """One text with its labels, each label once; no label at all is allowed in a multi-label task."""

    id: str
    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Stream:
    """A split that is too large for memory: each walk calls `read` and gets the documents from the first one on.

    Example:
        >>> twice = Stream(lambda: iter([Document("1", "a text", ())]))
        >>> len(list(twice)), len(list(twice))
        (1, 1)
    """

    read: Callable[[], Iterator[Document]]

    def __iter__(self) -> Iterator[Document]:
        return self.read()


@dataclass
class Documents:
    """A dataset as its files give it.

    `splits` maps train, test and, where one is published, validation to documents in file order: a list, or a
    `Stream` where they are too many. `label_texts` maps label names to what an encoder should read for them; a
    label that no document has may be named here and is then part of the dataset. `notes` are sentences for the
    dataset card; `warnings` are those that the user should read before training.
    """

    splits: dict[str, Iterable[Document]]
    label_texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
