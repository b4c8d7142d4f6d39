"""R8 and R52 as published: Reuters-21578 documents with one topic, the "all-terms" files.

Cardoso-Cachopo, "Improving Methods for Single-label Text Categorization" (2007). One line a document: class, tab,
text in lower case, letters only. `corpus: r8` has 8 classes, `corpus: r52` has 52.
"""

from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.readers.reuters_classes import class_texts
from pushpull.data.readers.text_lines import lines
from pushpull.errors import InputError

_FILES = {"train": "train.txt", "test": "test.txt"}
_PUBLISHED = {"r8": {"train": 5_485, "test": 2_189}, "r52": {"train": 6_532, "test": 2_568}}


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the published splits of `entry["corpus"]` in file order, ids `train-1` and so on.

    `files:` names the user's own copies, plain or `.gz`. Another number of documents than the published one is noted.

    Raises:
        InputError: a line without tab, class or text, or a file that is missing or not UTF-8; with file and line.
    """
    paths = {split: raw / name for split, name in _FILES.items()} if raw else entry["files"]
    splits = {split: _read_split(split, Path(path)) for split, path in paths.items()}
    classes = {label for rows in splits.values() for row in rows for label in row.labels}
    found, published = {split: len(rows) for split, rows in splits.items()}, _PUBLISHED[entry["corpus"]]
    sizes = [" / ".join(f"{size:,}" for size in counts.values()) for counts in (published, found)]
    notes = [] if found == published else [f"published: {sizes[0]} documents; in these files: {sizes[1]}"]
    return Documents(splits, label_texts=class_texts(classes), notes=notes)


def _read_split(split: str, path: Path) -> list[Document]:
    documents = []
    for number, line in lines(path):
        name, tab, text = line.partition("\t")
        if not tab or not name.strip() or not text.strip():
            raise InputError(f"{path}, line {number}: expected `class TAB text`, got {line[:60]!r}; fetch it again")
        documents.append(Document(f"{split}-{number}", text.strip(), (name.strip(),)))
    return documents
