"""AAPD: abstracts of arXiv papers with their categories, 54 of them.

Yang et al., "SGM: Sequence Generation Model for Multi-label Classification" (2018); 53,840 / 1,000 / 1,000 documents.
The files go round in five forms, told apart by what is in them; each may be gzipped:

TSV     hedwig toolkit: 54 bits, a tab, the text; no header, no quoting
JSON    one list of objects {"text": ..., "label": [categories]}
CSV     header `abstract` and the 54 categories, cells 0 or 1
pair    SGM: a file `text_*` with one text a line, and beside it `label_*` with the categories, separated by blanks
lines   Kaggle: a text line and a label line in turn

Bits and columns are in the order of `aapd_labels.yaml`. That order was checked against the CSV and JSON files of two
publishers, which agree; an original TSV was not at hand, but published code that reads it names the same order.

The tokeniser of the published texts left a backslash before each bracket and question mark, and nowhere else: it goes.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

import yaml

from pushpull.data.documents import Document, Documents
from pushpull.data.remains import mended
from pushpull.errors import InputError, unknown

_FILES = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
_LABELS = Path(__file__).with_name("aapd_labels.yaml")
_ESCAPED = re.compile(r"\\(?=[()?])")
_GZIP = b"\x1f\x8b"

Rows = Iterator[tuple[str, tuple[str, ...]]]
"""Texts with their categories, those in the order of frequency."""


def read(entry: dict, raw: Path | None) -> Documents:
    """Return the documents of the user's `files`, else of the downloaded TSV files in `raw`, ids `train-1` and so on.

    Raises:
        InputError: a file is missing, damaged or of no known form, or a line has an unknown category, a wrong number
            of bits or cells, or no partner; with file and line.
    """
    texts = yaml.safe_load(_LABELS.read_text(encoding="utf-8"))
    files = entry.get("files") or {split: str(raw / name) for split, name in _FILES.items()}
    splits = {}
    for split, name in files.items():
        path = Path(name)
        if not path.is_file():
            raise InputError(f"{split}: {name} is not there; paths are relative to {Path.cwd()}")
        try:
            rows = list(_rows(path, tuple(texts)))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8 and run again") from None
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise InputError(f"{path}: damaged gzip file ({error}); fetch it again") from None
        splits[split] = [Document(f"{split}-{index}", *row) for index, row in enumerate(rows, start=1)]
    documents = Documents(splits, label_texts=texts, notes=["label texts: after the names of the arXiv taxonomy"])
    return mended(documents, {r"a backslash before ( ) ?": lambda text: _ESCAPED.sub("", text)})


def _rows(path: Path, categories: tuple[str, ...]) -> Rows:
    with _open(path) as stream:
        head = stream.readline()
    if re.match(r"\s*\[\s*([{\]]|$)", head):
        return _json(path, categories)
    if re.match(r"\d+\t", head):
        return _tsv(path, categories)
    if re.match('"?abstract"?,', head):
        return _csv(path, categories)
    if path.name.startswith("text_"):
        return _pair(path, categories)
    if path.name.startswith("label_"):
        raise InputError(f"{path}: holds labels; name its sibling {_sibling(path, 'label_', 'text_').name} instead")
    return _alternating(path, categories)


def _open(path: Path) -> TextIO:
    # newline="\n": a text may hold other characters that count as line ends.
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return io.TextIOWrapper((gzip.open if packed else open)(path, "rb"), encoding="utf-8-sig", newline="\n")


def _lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines, less blank ones at the end."""
    with _open(path) as stream:
        lines = stream.read().rstrip().split("\n")
    return [(number, line.strip("\r")) for number, line in enumerate(lines, start=1)]


def _named(line: str, categories: tuple[str, ...], where: str) -> tuple[str, ...]:
    if not line.strip():
        raise InputError(f"{where}: no categories here; every text has some")
    return _known(line.split(), categories, where)


def _known(names: list[str], categories: tuple[str, ...], where: str) -> tuple[str, ...]:
    strange = [name for name in names if name not in categories]
    if strange:
        raise InputError(f"{where}: {unknown('category', strange[0], categories)}")
    return tuple(category for category in categories if category in names)


def _chosen(bits: list[str] | str, categories: tuple[str, ...], where: str) -> tuple[str, ...]:
    if len(bits) != len(categories) or not set(bits) <= {"0", "1"}:
        raise InputError(
            f"{where}: expected {len(categories)} times 0 or 1, one for each category, got {len(bits)}: "
            f"{''.join(bits)[:60]!r}"
        )
    return tuple(category for category, bit in zip(categories, bits, strict=True) if bit == "1")


def _tsv(path: Path, categories: tuple[str, ...]) -> Rows:
    for number, line in _lines(path):
        bits, tab, text = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number}: expected {len(categories)} bits, a tab and the text, got no tab")
        yield text.strip(), _chosen(bits, categories, f"{path}, line {number}")


def _json(path: Path, categories: tuple[str, ...]) -> Rows:
    try:
        with _open(path) as stream:
            items = json.load(stream)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON ({error.msg}); expected one list of objects") from None
    for number, item in enumerate(items, start=1):
        where = f"{path}, document {number} of the list"
        text, names = (item.get("text"), item.get("label")) if isinstance(item, dict) else (None, None)
        if not isinstance(text, str) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InputError(f'{where}: expected {{"text": a string, "label": a list of categories}}, got {item!r:.60}')
        yield text, _known(names, categories, where)


def _csv(path: Path, categories: tuple[str, ...]) -> Rows:
    with _open(path) as stream:
        reader = csv.reader(stream, strict=True)
        try:
            _check_header(next(reader), categories, f"{path}, line 1")
            for text, *cells in filter(None, reader):
                yield text, _chosen(cells, categories, f"{path}, line {reader.line_num}")
        except csv.Error as error:
            raise InputError(f"{path}, near line {reader.line_num}: {error}") from None


def _check_header(header: list[str], categories: tuple[str, ...], where: str) -> None:
    _known(header[1:], categories, where)
    if len(header) != 1 + len(categories):
        raise InputError(f"{where}: expected `abstract` and {len(categories)} categories, got {len(header)} columns")
    if tuple(header[1:]) != categories:
        raise InputError(
            f"{where}: the columns are not in the published order ({', '.join(categories[:3])} ...). A copy goes round "
            "whose header was sorted while its cells were not: its labels are wrong. Take another copy."
        )


def _sibling(path: Path, old: str, new: str) -> Path:
    return path.with_name(new + path.name.removeprefix(old))


def _pair(path: Path, categories: tuple[str, ...]) -> Rows:
    partner = _sibling(path, "text_", "label_")
    if not partner.is_file():
        raise InputError(f"{path}: the labels are expected beside it as {partner}, which is not there")
    texts, names = _lines(path), _lines(partner)
    if len(texts) != len(names):
        raise InputError(
            f"{path} has {len(texts):,} lines, {partner} {len(names):,}: line {min(len(texts), len(names)) + 1} has no "
            "partner; fetch both again"
        )
    for (number, text), (_, line) in zip(texts, names, strict=True):
        yield text.strip(), _named(line, categories, f"{partner}, line {number}")


def _alternating(path: Path, categories: tuple[str, ...]) -> Rows:
    lines = _lines(path)
    for (number, text), (_, line) in zip_longest(lines[::2], lines[1::2], fillvalue=(0, "")):
        where = f"{path} (read as text lines and label lines in turn), line {number + 1}"
        yield text.strip(), _named(line, categories, where)
