"""BC7-LitCovid: titles and abstracts of articles about Covid-19, with any of seven topics.

Chen et al., "Multi-label classification for biomedical literature: an overview of the BioCreative VII LitCovid Track
for COVID-19 literature topic annotations" (2022); 24,960 / 6,239 / 2,500 documents. CSV with the columns pmid, journal,
title, abstract, keywords, pub_type, authors, doi and label, the labels of a cell separated by `;`.

The text is title and abstract, a line end between them; keywords and the rest are left out. Copies on the model hubs
have the small test set as validation and the other way round: take the publisher's files.
"""

from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.facts import facts
from pushpull.data.readers.published import labelled, size_notes, split_paths
from pushpull.data.tables import csv_rows

TOPICS = (
    "Treatment",
    "Diagnosis",
    "Prevention",
    "Mechanism",
    "Transmission",
    "Epidemic Forecasting",
    "Case Report",
)

_FILES = {
    "train": "BC7-LitCovid-Train.csv",
    "validation": "BC7-LitCovid-Dev.csv",
    "test": "BC7-LitCovid-Test-GS.csv",
}
_COLUMNS = ("title", "abstract", "label")


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the published splits in file order, ids `train-1` and so on; `files:` names the user's own copies.

    An article without abstract is its title. Another number of documents than the published one is noted.

    Raises:
        InputError: a file is missing, not UTF-8 or malformed, lacks a column, or has an unknown topic; with file and
            line.
    """
    splits = {split: _read_split(split, path) for split, path in split_paths(entry, raw, _FILES).items()}
    return Documents(
        splits,
        label_texts={topic: topic.lower() for topic in TOPICS},
        notes=size_notes(facts("litcovid").published, splits),
    )


def _read_split(split: str, path: Path) -> list[Document]:
    documents = []
    for index, (line, row) in enumerate(csv_rows(path, _COLUMNS), start=1):
        topics = filter(None, map(str.strip, row["label"].split(";")))
        parts, where = (row["title"], row["abstract"]), f"{path}, line {line}"
        documents.append(labelled(f"{split}-{index}", parts, topics, TOPICS, "topic", where))
    return documents
