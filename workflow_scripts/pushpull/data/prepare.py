"""From a reader's documents to three parquet files and the dataset card."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import datasets
from datasets.arrow_writer import ParquetWriter
from tqdm import tqdm

from pushpull.data import readers
from pushpull.data.documents import SPLITS, Document, Documents
from pushpull.data.facts import facts, own_files, own_paths
from pushpull.data.remains import without_controls
from pushpull.data.sanity import leaked, refuse_senseless, warnings
from pushpull.data.splits import checked, cut_validation, drop_rare_labels, resplit
from pushpull.data.tally import Tally
from pushpull.files import atomic_path, sha256, write_json

_ROW_GROUP = 10_000  # documents held in memory while a split is written
_CONTROLS = "control characters, byte order marks or soft hyphens"
_FEATURES = datasets.Features(
    {
        "id": datasets.Value("string"),
        "text": datasets.Value("string"),
        "labels": datasets.List(datasets.Value("string")),
    }
)


def prepare(dataset: str, entry: dict, raw: Path | None, folder: Path) -> None:
    """Write `folder/{train,validation,test}.parquet` and, last, `folder/card.json`.

    Three steps of the entry, in this order: `resplit` pools all splits and cuts `validation` and `test` documents
    off at random. `min_train_documents` takes labels with fewer training documents off all splits. Where there is
    no validation split by then, the share `validation` (default 0.1) of train is cut off, stratified by label. The
    seed of both cuts is `split_seed` (default 0). Empty texts and documents without labels are counted in the card
    and kept, and so are references and escapes that the reader left in texts. Control characters go
    (`remains.without_controls`), and the card says in how many texts.

    Train is held in memory; a published validation and a test split that the reader streams are not, unless they
    are re-split.

    Args:
        dataset: the dataset's key in `config.yaml`.
        entry: what stands there.
        raw: folder of downloaded files with their `manifest.json`; None where nothing is downloaded.
        folder: `results/data/{dataset}`.

    Raises:
        InputError: the files are not what the reader expects, a split is missing, unknown or empty, an id occurs
            twice, a document of a single-label task has not exactly one label, there are too few documents for
            a step, or nothing could be learnt from them (`sanity`). Nothing is written then.
    """
    documents = readers.read(entry, raw)
    published = facts(entry["reader"]).published if raw else {}
    origin, dropped = _arrange(dataset, entry, documents, published)
    tallies = _write(dataset, entry["task"], documents.splits, folder)
    if dropped is not None:
        documents.notes.append(
            f"labels with fewer than {entry['min_train_documents']} training documents, left out: {len(dropped)}"
        )
    labels = _labels(tallies, documents.label_texts)
    card = {
        "dataset": dataset,
        "title": entry.get("title", dataset),
        "task": entry["task"],
        "labels": labels,
        "splits": {
            split: tally.facts() | {"sha256": sha256(folder / f"{split}.parquet")} for split, tally in tallies.items()
        },
        "validation_from": origin,
        "sources": _sources(entry, raw),
        "licence": _licence(entry, raw),
        "notes": [*_stand_ins(raw), *documents.notes, *_remains(tallies.values()), *_untrained(labels)],
        "leaked": leaked(tallies),
        "warnings": [*documents.warnings, *warnings(entry["task"], tallies)],
    }
    write_json(folder / "card.json", card)
    for warning in card["warnings"]:
        print(f"warning: {dataset}: {warning}", file=sys.stderr)


def _arrange(
    dataset: str, entry: dict, documents: Documents, published: Mapping[str, int]
) -> tuple[str, set[str] | None]:
    """Bring `documents` to three splits; return where validation is from, and the labels left out if any may be."""
    seed, share = entry.get("split_seed", 0), entry.get("validation", 0.1)
    needed = ("train",) if "resplit" in entry else ("train", "test")
    documents.splits = checked(dataset, entry["task"], documents.splits, needed, published)
    origin, dropped = "published", None
    if "resplit" in entry:
        resplit(dataset, documents, **entry["resplit"], seed=seed)
        origin = f"split again at random (seed {seed})"
    documents.splits["train"] = list(documents.splits["train"])
    if "min_train_documents" in entry:
        dropped = drop_rare_labels(dataset, entry["task"], documents, entry["min_train_documents"])
    if "validation" not in documents.splits:
        origin = f"cut from train ({cut_validation(dataset, documents, share, seed)}, seed {seed})"
    return origin, dropped


def _write(dataset: str, task: str, splits: dict[str, Iterable[Document]], folder: Path) -> dict[str, Tally]:
    """Write all parquet files or none, in one walk over each split; return what was counted on the way."""
    tallies = {}
    with ExitStack() as files:
        for split in SPLITS:
            temporary = files.enter_context(atomic_path(folder / f"{split}.parquet"))
            progress = tqdm(
                splits[split], desc=f"{dataset} {split}", unit=" documents", mininterval=5, delay=5, file=sys.stderr
            )
            tallies[split] = _write_split(progress, temporary)
        refuse_senseless(dataset, task, tallies)
    return tallies


def _write_split(rows: Iterable[Document], path: Path) -> Tally:
    tally = Tally()
    with ParquetWriter(features=_FEATURES, path=str(path), writer_batch_size=_ROW_GROUP) as writer:
        for row in rows:
            text = without_controls(row.text)
            tally.remains[_CONTROLS] += text != row.text
            row = row._replace(text=text)
            tally.add(row)
            writer.write(row._asdict())
        writer.finalize()
    return tally


def _labels(tallies: dict[str, Tally], texts: dict[str, str]) -> list[dict]:
    """Every label with its text and counts, by training frequency, then name."""
    names = set(texts).union(*(tally.labels for tally in tallies.values()))
    return [
        {"name": name, "text": texts.get(name, name), **{split: tallies[split].labels[name] for split in SPLITS}}
        for name in sorted(names, key=lambda name: (-tallies["train"].labels[name], name))
    ]


def _untrained(labels: list[dict]) -> list[str]:
    names = [label["name"] for label in labels if label["train"] == 0]
    return [f"labels without a training document: {', '.join(names)}"] if names else []


def _remains(tallies: Iterable[Tally]) -> list[str]:
    found = sum((tally.remains for tally in tallies), Counter())
    return [
        f"texts with {what}, {'mended' if what == _CONTROLS else 'kept'}: {number:,}" for what, number in found.items()
    ]


def _stand_ins(raw: Path | None) -> list[str]:
    """What the card must say of files that are not the published ones."""
    return [] if raw is None else [file["note"] for file in _fetched(raw) if "note" in file]


def _fetched(raw: Path) -> list[dict]:
    return json.loads((raw / "manifest.json").read_text(encoding="utf-8"))["files"]


def _sources(entry: dict, raw: Path | None) -> list[dict]:
    """The files read, each with its checksum; a folder of single articles is not listed, 806,791 of them."""
    if raw is not None:
        return [{key: file[key] for key in ("file", "bytes", "sha256", "url")} for file in _fetched(raw)]
    paths = [Path(name) for name in own_files(entry).values()]
    if "folder" in entry:
        paths += sorted(Path(entry["folder"]).rglob("*.[zZ][iI][pP]"))
    return [{"file": str(path), "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths]


def _licence(entry: dict, raw: Path | None) -> str:
    own = raw is None and own_paths(entry)
    return "the user's own files" if own else facts(entry["reader"]).licence
