"""The facts of the dataset card, counted while a split goes by: texts are hashed, not kept."""

from array import array
from collections import Counter
from hashlib import blake2b

import numpy as np

from pushpull.data.documents import Document
from pushpull.data.remains import REMAINS


class Tally:
    """Counts over the documents of one split, in 16 bytes a document.

    Texts and label sets are compared by 64-bit hashes. Among a million different texts the chance that any two
    share a hash is below 3e-8.

    Attributes:
        documents: number of documents added.
        labels: label name -> number of documents that have it.
        remains: what `REMAINS` names -> number of texts that hold it.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.labels: Counter[str] = Counter()
        self.remains: Counter[str] = Counter()
        self._words = self._empty = self._without_labels = 0
        self._texts = array("Q")
        self._label_sets = array("Q")

    def add(self, row: Document) -> None:
        """Count one document; its text must be encodable as UTF-8."""
        words = len(row.text.split())
        self.documents += 1
        self.labels.update(row.labels)
        self._words += words
        self._empty += not words
        self._without_labels += not row.labels
        self.remains.update(what for what, mend in REMAINS.items() if mend(row.text) != row.text)
        self._texts.append(_hash(row.text))
        self._label_sets.append(_hash(repr(sorted(row.labels))))

    @property
    def texts(self) -> np.ndarray:
        """uint64 [documents]: a hash of each text."""
        return np.array(self._texts, dtype=np.uint64)

    def facts(self) -> dict:
        """Sizes, words, duplicates; `conflicting` counts texts that occur with more than one label set."""
        pairs = np.unique(np.stack([self.texts, np.array(self._label_sets, dtype=np.uint64)], axis=1), axis=0)
        texts, label_sets = np.unique(pairs[:, 0], return_counts=True)
        return {
            "documents": self.documents,
            "labels_per_document": self.labels.total() / self.documents,
            "words_per_document": self._words / self.documents,
            "empty_texts": self._empty,
            "without_labels": self._without_labels,
            "duplicates": self.documents - len(texts),
            "conflicting": int((label_sets > 1).sum()),
        }


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
