"""What readers of published CSV files share: the user's own copies in place of fetched ones, and the sizes' note."""

from pathlib import Path

from pushpull.data.documents import Document
from pushpull.errors import InputError


def split_paths(entry: dict, raw: Path | None, names: dict[str, str]) -> dict[str, Path]:
    """Split -> file: the entry's `files`, else those of these names in `raw`.

    Raises:
        InputError: neither is there.
    """
    files = entry.get("files")
    if not files and raw is None:
        raise InputError(
            f"a {entry['reader']} dataset has no `folder:`; name its files, {', '.join(names.values())}, under `files:`"
        )
    if files:
        return {split: Path(name) for split, name in files.items()}
    return {split: raw / name for split, name in names.items()}


def size_notes(published: dict[str, int], splits: dict[str, list[Document]]) -> list[str]:
    """A sentence for the card where the files have other sizes than the published ones."""
    found = {split: len(rows) for split, rows in splits.items()}
    if found == published:
        return []
    sizes = [" / ".join(f"{size:,}" for size in counts.values()) for counts in (published, found)]
    return [f"published: {sizes[0]} documents; in these files: {sizes[1]}"]
