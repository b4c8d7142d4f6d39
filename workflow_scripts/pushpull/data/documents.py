"""What every reader returns."""

from dataclasses import dataclass, field
from typing import NamedTuple

SPLITS = ("train", "validation", "test")


class Document(NamedTuple):
    """One text with its labels, each label once; no label at all is allowed in a multi-label task."""

    id: str
    text: str
    labels: tuple[str, ...]


@dataclass
class Documents:
    """A dataset as its files give it.

    `splits` maps train, test and, where one is published, validation to documents in file order.
    `label_texts` maps label names to what an encoder should read for them; a label that no document has may
    be named here and is then part of the dataset. `notes` are sentences for the dataset card.
    """

    splits: dict[str, list[Document]]
    label_texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
