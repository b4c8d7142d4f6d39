"""RCV1-v2 from a user's own licensed copy of Reuters Corpus, Volume 1 (NIST), as English text.

folder/19960820.zip      one zip file a day, as on the discs, read without unpacking;
folder/19960820/         or folders, of any depth, that hold
    2286newsML.xml       one article a file
folder/rcv1.topics.hier.orig   optional: what the topic codes mean
"""

import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from pushpull.data.documents import Document, Documents, Stream
from pushpull.data.readers.rcv1_files import topic_texts
from pushpull.errors import InputError

_NAME = re.compile(r"(?:.*/)?(\d+)newsML\.xml")
_LAST_TRAINING_ID = 26150
_LARGEST = 10_000_000  # bytes; the corpus's articles are below a hundredth of it


def read(entry: dict, raw: None = None) -> Documents:
    """Return the articles in `entry["folder"]` as RCV1-v2 with the LYRL2004 split; test is a stream.

    Text is the headline and the paragraphs, one a line. Lewis et al. (2004), section 4, made RCV1-v2 of the discs'
    806,791 articles: 2,377 without a topic or without a region code are left out, missing ancestors of topics are
    added. The split is chronological: item ids 2286 to 26150, of 20 to 31 August 1996, are train (23,149), later
    ones test (781,265). Order: by day, then by item id.

    Raises:
        InputError: the folder is missing, holds no article, or holds zip files and articles; a file is damaged, is
            not the article that its name says, or declares a document type or entities.
    """
    folder = Path(entry["folder"])
    days = _days(folder)
    return Documents(
        splits={"train": list(_documents(days, True)), "test": Stream(partial(_documents, days, False))},
        label_texts=topic_texts(folder),
        notes=[
            "RCV1-v2 (Lewis et al., 2004, section 4) from the licensed articles: those without a topic or without a "
            "region code are left out, missing ancestors of topics are added",
            f"chronological split of LYRL2004: item ids up to {_LAST_TRAINING_ID} are train",
        ],
    )


def with_ancestors(topic: str) -> list[str]:
    """A topic and its ancestors: the hierarchy of LYRL2004 is in its codes.

    Example:
        >>> with_ancestors("C1511"), with_ancestors("GDIP")
        (['C1511', 'C151', 'C15', 'CCAT'], ['GDIP', 'GCAT'])
    """
    lineage = [topic]
    while re.fullmatch(r"[CEGM]\d{3,4}", lineage[-1]):
        lineage.append(lineage[-1][:-1])
    if re.fullmatch(r"[CEGM]\d\d|G(?!CAT$)[A-Z]+", lineage[-1]):
        lineage.append(f"{topic[0]}CAT")
    return lineage


def _days(folder: Path) -> list[Path]:
    """Zip files, or folders that hold articles, by path."""
    packed, plain = [], []
    for parent, _, names in os.walk(folder):
        packed += [Path(parent, name) for name in names if name.lower().endswith(".zip")]
        plain += [Path(parent)] if any(map(_NAME.fullmatch, names)) else []
    if not packed and not plain:
        raise InputError(
            f"folder: {folder} holds no zip file and no article such as 2286newsML.xml; paths are relative to "
            f"{Path.cwd()}"
        )
    if packed and plain:
        raise InputError(f"folder: {packed[0]} and articles in {plain[0]}: keep the zip files or what was in them")
    return sorted(packed or plain)


def _documents(days: list[Path], training: bool) -> Iterator[Document]:
    for day in days:
        articles = _plain(day, training) if day.is_dir() else _packed(day, training)
        for where, identifier, data in articles:
            document = _document(where, identifier, data)
            if document is not None:
                yield document


def _plain(day: Path, training: bool) -> Iterator[tuple[str, int, bytes]]:
    for identifier, name in _chosen((path.name for path in day.iterdir()), training):
        path = day / name
        _check_size(str(path), path.stat().st_size)
        yield str(path), identifier, path.read_bytes()


def _packed(day: Path, training: bool) -> Iterator[tuple[str, int, bytes]]:
    try:
        with zipfile.ZipFile(day) as archive:
            for identifier, name in _chosen(archive.namelist(), training):
                where = f"{day}: {name}"
                _check_size(where, archive.getinfo(name).file_size)
                yield where, identifier, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{day}: not a zip file that can be read ({error}); copy it from the disc again") from None


def _chosen(names: Iterable[str], training: bool) -> list[tuple[int, str]]:
    """Item id and name of the training or the test articles, by item id."""
    found = ((int(match[1]), match[0]) for match in map(_NAME.fullmatch, names) if match)
    return sorted(item for item in found if (item[0] <= _LAST_TRAINING_ID) == training)


def _check_size(where: str, size: int) -> None:
    if size > _LARGEST:
        raise InputError(f"{where}: {size:,} bytes; an article has at most {_LARGEST:,}: refused")


def _document(where: str, identifier: int, data: bytes) -> Document | None:
    """The article, or None where RCV1-v2 leaves it out."""
    # Entities can grow without bound or read other files; a null byte is UTF-16, in which they could hide.
    if any(mark in data for mark in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
        raise InputError(
            f"{where}: declares a document type or entities, or is UTF-16; no article of RCV1 does: refused"
        )
    try:
        item = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InputError(f"{where}: not XML ({error}); copy it from the disc again") from None
    if item.tag != "newsitem" or item.get("itemid") != str(identifier):
        got = f'<{item.tag} itemid="{item.get("itemid")}">'
        raise InputError(f'{where}: expected <newsitem itemid="{identifier}">, got {got}; copy it from the disc again')
    topics = _codes(item, "topics")
    if not topics or not _codes(item, "countries"):
        return None
    parts = [item.findtext("headline", ""), *("".join(part.itertext()) for part in item.iterfind("text/p"))]
    text = "\n".join(part.strip() for part in parts if part.strip())
    return Document(
        str(identifier), text, tuple(dict.fromkeys(code for topic in topics for code in with_ancestors(topic)))
    )


def _codes(item: ElementTree.Element, kind: str) -> list[str]:
    return [code.get("code", "") for code in item.iterfind(f".//codes[@class='bip:{kind}:1.0']/code")]
