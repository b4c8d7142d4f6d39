"""What readers of published CSV files share: where the files are, a row as a document, and the sizes' note."""

from collections.abc import Collection, Iterable
from pathlib import Path

from pushpull.data.documents import Document
from pushpull.errors import InputError, unknown


def split_paths(entry: dict, raw: Path | None, names: dict[str, str]) -> dict[str, Path]:
    """Split -> file: the entry's `files`, else those of these names in `raw`."""
    if "files" in entry:
        return {split: Path(name) for split, name in entry["files"].items()}
    return {split: raw / name for split, name in names.items()}


def size_notes(published: dict[str, int], splits: dict[str, list[Document]]) -> list[str]:
    """A sentence for the card where the files have other sizes than the published ones."""
    found = {split: len(rows) for split, rows in splits.items()}
    if found == published:
        return []
    sizes = [" / ".join(f"{size:,}" for size in counts.values()) for counts in (published, found)]
    return [f"published: {sizes[0]} documents; in these files: {sizes[1]}"]


def labelled(
    number: str, parts: Iterable[str], labels: Iterable[str], known: Collection[str], what: str, where: str
) -> Document:
    """A document of the parts that are not empty, a line end between them; each label once, in the order given.

    Raises:
        InputError: a label is not among the `known` ones; `what` it should be and `where` it stands are named.
    """
    labels = tuple(dict.fromkeys(labels))
    if strange := [label for label in labels if label not in known]:
        raise InputError(f"{where}: {unknown(what, strange[0], known)}")
    return Document(number, "\n".join(filter(None, map(str.strip, parts))), labels)
