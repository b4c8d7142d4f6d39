"""TREC question classification, the six coarse classes.

Li and Roth, "Learning Question Classifiers" (2002). One question a line, tokenised, in windows-1252:
`COARSE:fine question`. One byte of the published files is not ASCII (0xf0, where a blank was).
"""

from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.readers.text_lines import lines
from pushpull.errors import InputError, unknown

_FILES = {"train": "train_5500.label", "test": "TREC_10.label"}
_CLASSES = {
    "ABBR": "abbreviation",
    "DESC": "description or abstract concept",
    "ENTY": "entity",
    "HUM": "human being",
    "LOC": "location",
    "NUM": "numeric value",
}


def read(entry: dict, raw: Path) -> Documents:
    """Return the 5,452 training and 500 test questions in file order, ids `train-1` and so on.

    Raises:
        InputError: a line that is not of the form above, or an unknown coarse class; with file and line.
    """
    return Documents({split: _read_split(split, raw / name) for split, name in _FILES.items()}, dict(_CLASSES))


def _read_split(split: str, path: Path) -> list[Document]:
    documents = []
    for number, line in lines(path, "windows-1252"):
        label, _, question = line.partition(" ")
        coarse, colon, fine = label.partition(":")
        if not (colon and fine and question.strip()):
            raise InputError(f"{path}, line {number}: expected `COARSE:fine question`, got {line[:60]!r}")
        if coarse not in _CLASSES:
            raise InputError(f"{path}, line {number}: {unknown('coarse class', coarse, _CLASSES)}")
        documents.append(Document(f"{split}-{number}", question.strip(), (coarse,)))
    return documents
