"""EventDNA: title and lead of Dutch newspaper articles, with IPTC topics and events.

Colruyt, De Clercq, Desot and Hoste, "EventDNA: a dataset for Dutch news event extraction as a basis for news
diversification" (2023); 1,773 articles, of which the released files hold 1,771. One JSON file an article:

eventdna_7/dnaf.json
    doc.token_string                                tokens with a blank between
    doc.annotations.iptc_codes.certain, uncertain   paths of [code, name], the most general topic last
    doc.annotations.events.event_1.features.type    and so on for each event

`labels: iptc` (default) takes the 17 most general topics of the codes that the annotators were certain of, `labels:
event_types` the 12 types of events. An article without either stays, with no label.

The publisher asks for a form before the download: bring the archive in a `mirror:`, or name a folder of the files, of
any depth, as `folder:`. There is no published split.

One article has UTF-8 that was read as latin-1 (`cocaÃ¯ne`), which is undone; soft hyphens, in 73 articles, vanish when
the dataset is prepared.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from pushpull.data.archives import LARGEST, contents
from pushpull.data.documents import Document, Documents
from pushpull.data.remains import mended
from pushpull.data.splits import cut_validation
from pushpull.errors import InputError

TEST = 0.2  # share of the articles

_ARCHIVE = "eventdna_dnaf.tar.gz"
_FILE = "dnaf.json"
_TWICE = re.compile("Ã[\x80-\xbf]")


def read(entry: dict, raw: Path | None) -> Documents:
    """Return a stratified fifth as test, cut with `split_seed`, and the rest as train; both in order of the numbers.

    Ids are the names of the articles' folders: seven files have the id of the article before. Names of labels are the
    published English ones.

    Raises:
        InputError: no article is found; the archive is broken or unsafe; a file is too large, no
            JSON, or lacks what is named above, with its path.
    """
    view = entry.get("labels", "iptc")
    place = Path(entry["folder"]) if raw is None else raw / _ARCHIVE
    files = dict(_plain(place)) if raw is None else contents(place, lambda path: PurePath(path).name == _FILE)
    if not files:
        raise InputError(f"{place}: no file {_FILE} in it; expected one an article, as in eventdna_7/{_FILE}")
    rows = [_document(PurePath(path).parent.name, f"{place}: {path}", data, view) for path, data in files.items()]
    rows.sort(key=lambda row: [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", row.id)])
    names = sorted({label for row in rows for label in row.labels})
    documents = Documents({"train": rows}, label_texts={name: name.lower() for name in names})
    seed = entry.get("split_seed", 0)
    cut = cut_validation("eventdna", documents, TEST, seed)
    documents.splits["test"] = documents.splits.pop("validation")
    documents.notes.append(f"no published split: {cut} cut off as test, stratified by label (seed {seed})")
    return mended(documents, {"UTF-8 read as latin-1": _once_encoded})


def _once_encoded(text: str) -> str:
    return _TWICE.sub(lambda found: found[0].encode("latin-1").decode(), text)


def _plain(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Path in the folder and content of each article's file."""
    for path in folder.rglob(_FILE):
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: more than {LARGEST:,} bytes, too large for a document")
        yield str(path.relative_to(folder)), path.read_bytes()


def _document(name: str, where: str, data: bytes, view: str) -> Document:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}); fetch it again") from None
    text = _at(where, content, str, "doc", "token_string")
    labels = _topics(where, content) if view == "iptc" else _event_types(where, content)
    return Document(name, text, tuple(dict.fromkeys(labels)))


def _topics(where: str, content: dict) -> Iterator[str]:
    for path in _at(where, content, list, "doc", "annotations", "iptc_codes", "certain"):
        yield _at(where, _at(where, path, list, -1), str, 1)


def _event_types(where: str, content: dict) -> Iterator[str]:
    for event in _at(where, content, dict, "doc", "annotations", "events").values():
        yield _at(where, event, str, "features", "type")


def _at(where: str, content: object, kind: type, *keys: str | int) -> object:
    """What stands under the keys; it must be a string, a list or an object (`dict`)."""
    try:
        for key in keys:
            content = content[key]
    except (KeyError, IndexError, TypeError):
        raise InputError(
            f"{where}: no {'.'.join(map(str, keys))}; expected a file of EventDNA: fetch it again"
        ) from None
    if not isinstance(content, kind):
        wanted = {str: "a string", list: "a list", dict: "an object"}[kind]
        raise InputError(f"{where}: {'.'.join(map(str, keys))}: expected {wanted}, got {content!r:.40}")
    return content
