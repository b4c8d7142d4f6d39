"""MR: sentences of film reviews, positive or negative.

Pang and Lee, "Seeing stars" (2005), in the split of Tang et al., "PTE" (2015). A file of sentences, tokenised, in
latin-1, and a file of as many labels, 1 (positive) or 0 (negative), one a line each.
"""

from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.readers.text_lines import lines
from pushpull.errors import InputError

_LABELS = {"1": "positive", "0": "negative"}


def read(entry: dict, raw: Path) -> Documents:
    """Return the 7,108 training and 3,554 test sentences in file order, ids `train-1` and so on.

    Raises:
        InputError: a label that is not 0 or 1, a blank sentence, or two files with different numbers of lines.
    """
    splits = {split: _read_split(split, raw) for split in ("train", "test")}
    return Documents(splits, label_texts={name: name for name in _LABELS.values()})


def _read_split(split: str, raw: Path) -> list[Document]:
    texts, labels = raw / f"text_{split}.txt", raw / f"label_{split}.txt"
    sentences, marks = list(lines(texts, "latin-1")), list(lines(labels, "latin-1"))
    if len(sentences) != len(marks):
        raise InputError(
            f"{labels} has {len(marks):,} lines, but {texts} has {len(sentences):,}; each sentence needs its label: "
            "fetch both again"
        )
    documents = []
    for (number, sentence), (_, mark) in zip(sentences, marks, strict=True):
        if mark.strip() not in _LABELS:
            raise InputError(f"{labels}, line {number}: expected 1 (positive) or 0 (negative), got {mark[:40]!r}")
        if not sentence.strip():
            raise InputError(f"{texts}, line {number}: no sentence; fetch it again")
        documents.append(Document(f"{split}-{number}", sentence.strip(), (_LABELS[mark.strip()],)))
    return documents
