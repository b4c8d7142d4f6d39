"""The text that an encoder reads for each label: its name, a readable name or a description."""

from collections import defaultdict
from pathlib import Path

from pushpull.data.dataset import label_names
from pushpull.data.tables import csv_rows
from pushpull.errors import InputError, unknown

FORMS = ("name", "readable", "description")
"""Columns of a file of label texts, and what the setting `label_text` may be."""


def label_texts(card: dict, path: str | Path | None, form: str) -> list[str]:
    """Return the text of each label, in the card's order.

    Labels with the same text, which no encoder tells apart, are named in a printed line.

    Args:
        card: as `read_card` returns it.
        path: CSV file with the columns of `FORMS`; rows of labels that the dataset lacks are passed over. None: the
            dataset has no such file; then the readable texts are those of its reader.
        form: one of `FORMS`.

    Raises:
        InputError: unknown form; a description is wanted, but there is no file; the file is missing or malformed,
            lacks a column, names a label twice, has no row or an empty cell for a label of the card.

    Example:
        >>> label_texts({"labels": [{"name": "acq", "text": "Mergers"}]}, None, "readable")
        ['Mergers']
    """
    if form not in FORMS:
        raise InputError(f"label_text: {unknown('form', form, FORMS)}")
    names = label_names(card)
    texts = _of_card(card, form) if path is None else _of_file(Path(path), names, form)
    _warn_of_twins(names, texts)
    return texts


def _of_card(card: dict, form: str) -> list[str]:
    if form == "description":
        raise InputError(
            f"label_text: description: {card['dataset']} has no descriptions of its labels. Give its entry in "
            f"config.yaml a file, `label_texts: labels/{card['dataset']}.csv` with the columns {', '.join(FORMS)}, or "
            "set label_text to name or readable"
        )
    return [label["name" if form == "name" else "text"] for label in card["labels"]]


def _of_file(path: Path, names: list[str], form: str) -> list[str]:
    texts: dict[str, str] = {}
    for line, row in csv_rows(path, ("name", form)):
        name = row["name"].strip()
        if name in texts:
            raise InputError(f"{path}, line {line}: the label {name!r} has a row already; leave one of the two")
        texts[name] = row[form].strip()
    problems = {
        "no row for": [name for name in names if name not in texts],
        f"an empty cell in column {form!r} for": [name for name in names if texts.get(name) == ""],
    }
    found = [f"{what} {', '.join(map(repr, labels))}" for what, labels in problems.items() if labels]
    if found:
        raise InputError(f"{path}: {'; '.join(found)}; every label of the dataset needs a text, fill it in")
    return [texts[name] for name in names]


def _warn_of_twins(names: list[str], texts: list[str]) -> None:
    sharing = defaultdict(list)
    for name, text in zip(names, texts, strict=True):
        sharing[text].append(name)
    for text, twins in sharing.items():
        if len(twins) > 1:
            listed = ", ".join(map(repr, twins))
            print(f"warning: the labels {listed} have the same text, {text!r}: no encoder tells them apart")
