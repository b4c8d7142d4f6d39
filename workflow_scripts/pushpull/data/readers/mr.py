"""MR: sentences of film reviews, positive or negative.

Pang and Lee, "Seeing stars" (2005), in the split of Tang et al., "PTE" (2015). A file of sentences, tokenised, in
windows-1252 (81 sentences hold its dashes, ellipses or quotation marks), and a file of as many labels, 1 (positive) or
0 (negative), one a line each.

Two sentences hold HTML references, taken apart by the tokeniser (`can&#8217 ; t`), which become their characters. The
tags `<b>` and `<em>` of three sentences stay: an emphasis of the reviewer.
"""

import re
from html import unescape
from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.readers.text_lines import lines
from pushpull.data.remains import mended
from pushpull.errors import InputError

_LABELS = {"1": "positive", "0": "negative"}
_REFERENCE = re.compile(r"&(#\d+) ;")


def read(entry: dict, raw: Path) -> Documents:
    """Return the 7,108 training and 3,554 test sentences in file order, ids `train-1` and so on.

    Raises:
        InputError: a label that is not 0 or 1, a blank sentence, or two files with different numbers of lines.
    """
    splits = {split: _read_split(split, raw) for split in ("train", "test")}
    documents = Documents(splits, label_texts={name: name for name in _LABELS.values()})
    return mended(documents, {"HTML references such as &#8217 ;": _resolved})


def _resolved(text: str) -> str:
    return _REFERENCE.sub(lambda found: unescape(f"&{found[1]};"), text)


def _read_split(split: str, raw: Path) -> list[Document]:
    texts, labels = raw / f"text_{split}.txt", raw / f"label_{split}.txt"
    sentences, marks = list(lines(texts, "windows-1252")), list(lines(labels))
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
