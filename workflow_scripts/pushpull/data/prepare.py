"""From a reader's documents to three parquet files and the dataset card."""

import json
from collections import Counter
from pathlib import Path

import datasets
import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

from pushpull.data import readers
from pushpull.data.documents import SPLITS, Document, Documents
from pushpull.data.sources import load_sources
from pushpull.errors import InputError, unknown
from pushpull.files import atomic_path, sha256, write_json

_FEATURES = datasets.Features(
    {
        "id": datasets.Value("string"),
        "text": datasets.Value("string"),
        "labels": datasets.List(datasets.Value("string")),
    }
)


def prepare(dataset: str, entry: dict, raw: Path | None, folder: Path) -> None:
    """Write `folder/{train,validation,test}.parquet` and, last, `folder/card.json`.

    Where no validation split is published, the share `entry["validation"]` (default 0.1) of train is cut off,
    stratified by label, with the seed `entry["split_seed"]` (default 0). Empty texts and documents without
    labels are counted in the card and kept.

    Args:
        dataset: the dataset's key in `config.yaml`.
        entry: what stands there.
        raw: folder of downloaded files with their `manifest.json`; None where nothing is downloaded.
        folder: `results/data/{dataset}`.

    Raises:
        InputError: the files are not what the reader expects, a split is missing, unknown or empty, an id
            occurs twice, or a document of a single-label task has not exactly one label.
    """
    documents = readers.read(entry, raw)
    _check(dataset, entry["task"], documents.splits)
    notes = list(documents.notes)
    published = "validation" in documents.splits
    if not published:
        _cut_validation(dataset, entry, documents, notes)
    splits = {split: documents.splits[split] for split in SPLITS}
    labels = _labels(splits, documents.label_texts)
    notes += _warnings(splits, labels)
    datasets.disable_progress_bars()
    for split, rows in splits.items():
        with atomic_path(folder / f"{split}.parquet") as temporary:
            datasets.Dataset.from_list([row._asdict() for row in rows], features=_FEATURES).to_parquet(temporary)
    card = {
        "dataset": dataset,
        "title": entry.get("title", dataset),
        "task": entry["task"],
        "labels": labels,
        "splits": {
            split: _facts(rows) | {"sha256": sha256(folder / f"{split}.parquet")} for split, rows in splits.items()
        },
        "validation_from": "published" if published else f"cut from train ({_share(entry)})",
        "sources": _sources(entry, raw),
        "licence": _licence(entry, raw),
        "notes": notes,
    }
    write_json(folder / "card.json", card)


def _check(dataset: str, task: str, splits: dict[str, list[Document]]) -> None:
    strange = [split for split in splits if split not in SPLITS]
    if strange:
        raise InputError(f"{dataset}: {unknown('split', strange[0], SPLITS)}")
    empty = [split for split in SPLITS if not splits.get(split) and (split in splits or split != "validation")]
    if empty:
        raise InputError(f"{dataset}: the split {empty[0]} has no document; train and test are needed")
    first_seen: dict[str, str] = {}
    for split, rows in splits.items():
        for row in rows:
            if row.id in first_seen:
                raise InputError(
                    f"{dataset}: id {row.id!r} occurs twice, in {first_seen[row.id]} and {split}; make ids "
                    "unique, or leave out `id:` to number the rows"
                )
            first_seen[row.id] = split
            if task == "single" and len(row.labels) != 1:
                raise InputError(
                    f"{dataset}: {split} document {row.id!r} has {len(row.labels)} labels, "
                    "but `task: single` needs exactly one; mend it or set `task: multi`"
                )


def _share(entry: dict) -> str:
    return f"{100 * entry.get('validation', 0.1):g} %, seed {entry.get('split_seed', 0)}"


def _cut_validation(dataset: str, entry: dict, documents: Documents, notes: list[str]) -> None:
    """Move a stratified share of train to validation, both in file order.

    Iterative stratification (Sechidis et al., 2011); with one label a document it is the ordinary stratified
    split. A label's only document stays in train, for nothing could be learnt of it from validation.
    """
    rows = documents.splits["train"]
    members = _indicator(rows)
    once = members.sum(axis=0) == 1
    movable = np.flatnonzero(~members[:, once].any(axis=1))
    chosen: set[int] = set()
    if len(movable) > 1:
        cutter = MultilabelStratifiedShuffleSplit(
            n_splits=1, test_size=entry.get("validation", 0.1), random_state=entry.get("split_seed", 0)
        )
        _, positions = next(cutter.split(movable, members[movable]))
        chosen = set(movable[positions].tolist())
    if not chosen:
        raise InputError(
            f"{dataset}: {len(rows)} training documents are too few to cut a validation split from "
            f"({_share(entry)}); raise `validation:` or give a validation file"
        )
    documents.splits["validation"] = [row for index, row in enumerate(rows) if index in chosen]
    documents.splits["train"] = [row for index, row in enumerate(rows) if index not in chosen]
    if once.any():
        notes.append(f"labels with a single training document, which stays in train: {int(once.sum())}")


def _indicator(rows: list[Document]) -> np.ndarray:
    """Bool [documents, labels], labels by name; two columns at least, as the stratifier wants them."""
    column = {name: index for index, name in enumerate(sorted({label for row in rows for label in row.labels}))}
    members = np.zeros((len(rows), max(2, len(column))), dtype=bool)
    pairs = [(index, column[label]) for index, row in enumerate(rows) for label in row.labels]
    members[tuple(np.array(pairs, dtype=int).reshape(-1, 2).T)] = True
    return members


def _labels(splits: dict[str, list[Document]], texts: dict[str, str]) -> list[dict]:
    """Every label with its text and counts, by training frequency, then name."""
    counts = {split: Counter(label for row in rows for label in row.labels) for split, rows in splits.items()}
    names = set(texts).union(*counts.values())
    return [
        {"name": name, "text": texts.get(name, name), **{split: counts[split][name] for split in SPLITS}}
        for name in sorted(names, key=lambda name: (-counts["train"][name], name))
    ]


def _facts(rows: list[Document]) -> dict:
    label_sets: dict[str, set[frozenset[str]]] = {}
    for row in rows:
        label_sets.setdefault(row.text, set()).add(frozenset(row.labels))
    return {
        "documents": len(rows),
        "labels_per_document": sum(len(row.labels) for row in rows) / len(rows),
        "words_per_document": sum(len(row.text.split()) for row in rows) / len(rows),
        "empty_texts": sum(not row.text.strip() for row in rows),
        "without_labels": sum(not row.labels for row in rows),
        "duplicates": len(rows) - len(label_sets),
        "conflicting": sum(len(sets) > 1 for sets in label_sets.values()),
    }


def _warnings(splits: dict[str, list[Document]], labels: list[dict]) -> list[str]:
    untrained = [label["name"] for label in labels if label["train"] == 0]
    notes = [f"labels without a training document: {', '.join(untrained)}"] if untrained else []
    seen = {row.text for row in splits["train"]}
    for split in ("validation", "test"):
        again = sum(row.text in seen for row in splits[split])
        if again:
            notes.append(f"{split} documents whose text is also in train: {again}")
    return notes


def _sources(entry: dict, raw: Path | None) -> list[dict]:
    if raw is not None:
        files = json.loads((raw / "manifest.json").read_text(encoding="utf-8"))["files"]
        return [{key: file[key] for key in ("file", "bytes", "sha256", "url")} for file in files]
    paths = [Path(name) for name in entry.get("files", {}).values()]
    return [{"file": str(path), "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths]


def _licence(entry: dict, raw: Path | None) -> str:
    if raw is not None:
        return load_sources(entry["reader"])["licence"]
    return "generated here, free to use" if entry["reader"] == "generated" else "the user's own files"
