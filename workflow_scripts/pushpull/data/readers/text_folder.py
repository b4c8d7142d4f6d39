"""A folder of text files by class, `train/sports/17.txt`, as for scikit-learn's `load_files`: one class a text.

Below `folder:` are the splits (train, test, perhaps validation), below these the classes; or, with `resplit`, the
classes at once. Files end in `.txt` and are UTF-8.
"""

import os
from pathlib import Path

from pushpull.data.documents import SPLITS, Document, Documents
from pushpull.errors import InputError


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the texts in the order of their paths, which are their ids.

    Raises:
        InputError: the folders are not as above, or a file is not UTF-8.
    """
    folder = Path(entry["folder"])
    below = {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()}
    if not below:
        raise InputError(f"folder: {folder}: no folder in it; expected train and test, below these one a class")
    if "resplit" in entry and not set(below) & set(SPLITS):
        below = {"train": folder}
    if strange := sorted(set(below) - set(SPLITS)):
        raise InputError(
            f"folder: {folder}: {strange[0]!r} is no split; expected {', '.join(SPLITS)}, below these the classes. "
            "Where the classes are at once below, give `resplit:`"
        )
    found = {split: _documents(folder, path) for split, path in below.items()}
    others = sum(path.suffix.lower() != ".txt" for path in _files(folder))
    return Documents(found, notes=[f"files that do not end in .txt, passed over: {others:,}"] if others else [])


def _files(folder: Path) -> list[Path]:
    """Every file below, those behind links too."""
    return [Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names]


def _documents(root: Path, folder: Path) -> list[Document]:
    rows = []
    for path in sorted(path for path in _files(folder) if path.suffix.lower() == ".txt"):
        name = str(path.relative_to(root))
        if path.parent == folder:
            raise InputError(f"{path}: a text beside the folders of the classes; put it into one of them")
        try:
            rows.append(Document(name, path.read_text(encoding="utf-8"), (path.relative_to(folder).parts[0],)))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8 and run again") from None
    return rows
