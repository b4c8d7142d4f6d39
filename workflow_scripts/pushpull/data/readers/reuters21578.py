"""Reuters-21578 as distributed: 22 SGML files, ModApte split, the 90 topics of the literature.

Apte, Damerau and Weiss, "Automated learning of decision rules for text categorization" (1994): a document is
used if it is marked `TOPICS="YES"` and its `LEWISSPLIT` is TRAIN or TEST. The usual 90 topics are those with
at least one training and one test document: 7,770 training and 3,019 test documents have one of them.
"""

import re
from html import unescape
from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.errors import InputError

_DOCUMENT = re.compile(r"<REUTERS ([^>]*)>(.*?)</REUTERS>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_TOPIC = re.compile(r"<D>(.*?)</D>")
_DESCRIPTION = re.compile(r"^(.+?)\s*\(([A-Z0-9-]+)\)\s*$", re.MULTILINE)


def read(entry: dict, raw: Path) -> Documents:
    """Return the ModApte train and test documents that have one of the topics found in both.

    Control characters written as references (`&#3;`) vanish, other references become their characters.

    Raises:
        InputError: `raw` holds no SGML file, or no document of the ModApte split.
    """
    splits = modapte(raw)
    topics = shared_topics(splits, raw)
    descriptions = _descriptions(raw / "cat-descriptions_120396.txt")
    return Documents(
        splits={split: _keep(documents, topics) for split, documents in splits.items()},
        label_texts={topic: descriptions.get(topic, topic.replace("-", " ")) for topic in sorted(topics)},
        notes=[
            f"ModApte split, the {len(topics)} topics with at least one training and one test document",
            "label texts: the category descriptions of the distribution; commodities have none: their name",
        ],
    )


def modapte(raw: Path) -> dict[str, list[Document]]:
    """All train and test documents of the ModApte split, topics as listed: two documents of the collection repeat one.

    Args:
        raw: folder with the files `reut2-000.sgm` to `reut2-021.sgm`.
    """
    splits: dict[str, list[Document]] = {"train": [], "test": []}
    for path in sorted(raw.glob("reut2-*.sgm")):
        # One byte of reut2-017.sgm is not UTF-8.
        for attributes, body in _DOCUMENT.findall(path.read_text(encoding="latin-1")):
            known = dict(_ATTRIBUTE.findall(attributes))
            split = known.get("LEWISSPLIT", "").lower()
            if known.get("TOPICS") == "YES" and split in splits:
                topics = tuple(_TOPIC.findall(_element("TOPICS", body) or ""))
                splits[split].append(Document(known["NEWID"], _text(body), topics))
    return splits


def shared_topics(splits: dict[str, list[Document]], raw: Path) -> set[str]:
    """Topics of both train and test documents.

    Raises:
        InputError: there is none.
    """
    train, test = ({label for row in splits[split] for label in row.labels} for split in ("train", "test"))
    if not train & test:
        raise InputError(
            f"{raw}: no topic has both a training and a test document of the ModApte split; expected the 22 "
            "files reut2-000.sgm to reut2-021.sgm. Delete this folder and run the same command again."
        )
    return train & test


def _keep(documents: list[Document], topics: set[str]) -> list[Document]:
    """Documents with one of the topics, each of their topics once."""
    labels = [tuple(dict.fromkeys(topic for topic in row.labels if topic in topics)) for row in documents]
    return [row._replace(labels=kept) for row, kept in zip(documents, labels, strict=True) if kept]


def _text(body: str) -> str:
    """Title and body; the whole TEXT element where the document has neither (TYPE="UNPROC")."""
    parts = [part for part in (_element("TITLE", body), _element("BODY", body)) if part is not None]
    return unescape("\n".join(parts or [_element("TEXT", body) or ""])).strip()


def _element(name: str, body: str) -> str | None:
    found = re.search(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", body, re.DOTALL)
    return found.group(1) if found else None


def _descriptions(path: Path) -> dict[str, str]:
    """Lines such as `Crude Oil (CRUDE)` of the section on subject codes, which ends at a ruled line."""
    section = path.read_text(encoding="latin-1").partition("****Subject Codes")[2].partition("____")[0]
    return {code.lower(): text for text, code in _DESCRIPTION.findall(section)}
