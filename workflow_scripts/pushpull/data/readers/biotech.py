"""Biotech news: articles with what their target company does, 29 kinds of events.

Knowledgator, "events_classification_biotech" (2024), on the Hugging Face hub; 2,759 / 381 documents. CSV with an
unnamed row number, Title, Content (of many lines, quoted), Target Organization and Label 1 to Label 5, unused cells
empty. A copy may have one more column of row numbers: columns are found by their names.

The publisher counts 31 classes. Here they are 29, as in the publisher's later files:

- "None" is the empty cell, no class. A document with nothing but empty cells is `other`, as in the publisher's loader.
- "event organisation" is a spelling of "event organization", which the publisher replaced in April 2024. Earlier copies
  have both; they are read as one, and the card says how often.
- "new initiatives or programs" and "new initiatives & programs" are kept apart, and so are "partnerships & alliances"
  and "alliance & partnership", as the publisher does.
"""

from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.facts import facts
from pushpull.data.readers.published import labelled, size_notes, split_paths
from pushpull.data.tables import csv_rows

EVENTS = (
    "event organization",
    "executive statement",
    "regulatory approval",
    "hiring",
    "foundation",
    "closing",
    "partnerships & alliances",
    "expanding industry",
    "new initiatives or programs",
    "m&a",
    "service & product providing",
    "new initiatives & programs",
    "subsidiary establishment",
    "product launching & presentation",
    "product updates",
    "executive appointment",
    "alliance & partnership",
    "ipo exit",
    "article publication",
    "clinical trial sponsorship",
    "company description",
    "investment in public company",
    "other",
    "expanding geography",
    "participation in an event",
    "support & philanthropy",
    "department establishment",
    "funding round",
    "patent publication",
)

_FILES = {"train": "train.csv", "test": "test.csv"}
_LABELS = tuple(f"Label {number}" for number in range(1, 6))
_OLD, _NEW = "event organisation", "event organization"
_REST = "other"


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the published splits in file order, ids `train-1` and so on; `files:` names the user's own copies.

    The text is title and content, a line end between them. Label texts are the names, `&` read as "and".

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, lacks a column, or has an unknown event; with file and
            line.
    """
    counts = {_OLD: 0, _REST: 0}
    splits = {split: _read_split(split, path, counts) for split, path in split_paths(entry, raw, _FILES).items()}
    notes = size_notes(facts("biotech").published, splits)
    if counts[_OLD]:
        notes.append(f"documents with the label {_OLD!r}, read as {_NEW!r}: {counts[_OLD]}")
    if counts[_REST]:
        notes.append(f"documents without any label in the files, read as {_REST!r}: {counts[_REST]}")
    texts = {name: "mergers and acquisitions" if name == "m&a" else name.replace("&", "and") for name in EVENTS}
    return Documents(splits, label_texts=texts, notes=notes)


def _read_split(split: str, path: Path, counts: dict[str, int]) -> list[Document]:
    """The documents of a file; `counts` goes up by those with the old spelling and those without a label."""
    documents = []
    for index, (line, row) in enumerate(csv_rows(path, ("Title", "Content", *_LABELS)), start=1):
        cells = [row[column].strip() for column in _LABELS]
        names = [cell for cell in cells if cell not in ("", "None")]
        counts[_OLD] += _OLD in names
        counts[_REST] += not names
        labels = [_NEW if name == _OLD else name for name in names or [_REST]]
        parts, where = (row["Title"], row["Content"]), f"{path}, line {line}"
        documents.append(labelled(f"{split}-{index}", parts, labels, EVENTS, "event", where))
    return documents
