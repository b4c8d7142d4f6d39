"""SemEval-2018 Task 1, subtask E-c (English): tweets with any of eleven emotions.

Mohammad et al., "SemEval-2018 Task 1: Affect in Tweets" (2018). Tab-separated, UTF-8, CRLF line ends, no
quoting: a quotation mark is part of the tweet.

Line ends of a tweet are published as a backslash and a letter, and `&`, `<` and `>` as HTML references: both are
resolved; references once, so that one tweet keeps the `&ldquo;` that its readers saw. The emoji of 7 tweets were cut to
16 bits, U+F633 for U+1F633, and are made whole; each then equals another training tweet, six times with other labels.
Kept are two emoji of Android's own (U+FE334, U+FE358) and one replacement character: nobody knows what it was.
"""

import re
from pathlib import Path

from pushpull.data.documents import Document, Documents
from pushpull.data.remains import REMAINS, mended
from pushpull.errors import InputError

_FILES = {
    "train": "2018-E-c-En-train.txt",
    "validation": "2018-E-c-En-dev.txt",
    "test": "2018-E-c-En-test-gold.txt",
}
_EMOJI = re.compile("[\uf300-\uf6ff]")


def read(entry: dict, raw: Path) -> Documents:
    """Return the published train, dev (as validation) and gold test tweets.

    Raises:
        InputError: a line has another number of fields than the header, or a label cell that is not 0 or 1.
    """
    names: dict[str, str] = {}
    splits = {}
    for split, file in _FILES.items():
        emotions, splits[split] = _read_split(raw / file)
        names |= dict.fromkeys(emotions)
    documents = Documents(splits, label_texts={name: name for name in names})
    return mended(documents, REMAINS | {"emoji cut to 16 bits": _whole_emoji})


def _whole_emoji(text: str) -> str:
    return _EMOJI.sub(lambda found: chr(0x10000 + ord(found[0])), text)


def _read_split(path: Path) -> tuple[list[str], list[Document]]:
    # Not splitlines(): a tweet may hold characters that it takes for line ends.
    with path.open(encoding="utf-8-sig", newline="\n") as stream:
        lines = [line.rstrip("\r\n").split("\t") for line in stream]
    header = lines[0] if lines else []
    if header[:2] != ["ID", "Tweet"]:
        raise InputError(f"{path}, line 1: expected the columns ID, Tweet and one per emotion, got {header[:3]}")
    emotions = header[2:]
    documents = []
    for number, fields in enumerate(lines[1:], start=2):
        if len(fields) != len(header) or not set(fields[2:]) <= {"0", "1"}:
            raise InputError(
                f"{path}, line {number}: expected {len(header)} fields, those after the tweet 0 or 1, "
                f"got {len(fields)} fields ending in {fields[-1]!r}"
            )
        labels = tuple(name for name, cell in zip(emotions, fields[2:], strict=True) if cell == "1")
        documents.append(Document(fields[0], fields[1], labels))
    return emotions, documents
