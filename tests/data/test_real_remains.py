"""What prepared texts of the published files still hold that is of the files' making: nothing but what is listed."""

import os
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from pushpull.data.dataset import read_card, read_texts
from pushpull.data.documents import SPLITS
from pushpull.data.facts import published, readers
from pushpull.data.prepare import prepare
from pushpull.data.sources import fetch

MIRROR = os.environ.get("PUSHPULL_MIRROR")

SIGNS = {
    "reference": re.compile(r"& ?(#[xX]?[0-9a-fA-F]+|amp|lt|gt|quot|apos|nbsp|[lr][ds]quo|hellip|[mn]dash) ?;"),
    "escape": re.compile(r"""\\([nrtbf"'/()?]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})"""),
    "read twice": re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac"),
    "replacement": re.compile("\ufffd"),
    "invisible": re.compile("[\ufeff\u00ad]"),
}
AT_HAND = {
    "semeval2018": {"task": "multi"},
    "mr": {},
    "trec6": {},
    "reuters21578": {"task": "multi"},
    "eventdna": {"task": "multi"},
    "newsgroups20": {},
    "cachopo": {"corpus": "r52"},
    "reuters_single": {"corpus": "r8"},
    "aapd": {"task": "multi", "files": {"train": "aapd/val.json.gz", "test": "aapd/test.json.gz"}},
    "rcv1_v2_json": {
        "task": "multi",
        "files": {"train": "rcv1_v2/rcv1_dev.json.gz"},
        "resplit": {"validation": 90, "test": 90},
    },
}
NOT_AT_HAND = {"rcv1_v2", "rcv1_v2_xml", "uk_lex", "biotech", "litcovid", "generated"}
NOT_AT_HAND |= {"csv", "jsonl", "parquet", "datasets", "text_folder"}

# Of writers: a tweet that showed &ldquo; to its readers; posts with C code, drawings of backslashes, a uuencoded file.
# As published: a replacement character, and two emoji of Android's own (Co: private use).
LEFT = {
    "semeval2018": {"reference": 1, "replacement": 1, "Co": 2},
    "newsgroups20": {"escape": 393, "reference": 1},
}
NOTES = {
    "semeval2018": [
        "texts with HTML references such as &amp;, mended: 540",
        "texts with line ends written as \\n, mended: 680",  # 674 with \n, 6 more with \r only
        "texts with emoji cut to 16 bits, mended: 7",
        "texts with control characters, byte order marks or soft hyphens, mended: 5",
        "texts with HTML references such as &amp;, kept: 1",
    ],
    "mr": ["texts with HTML references such as &#8217 ;, mended: 2"],
    "eventdna": [
        "texts with UTF-8 read as latin-1, mended: 1",
        "texts with control characters, byte order marks or soft hyphens, mended: 73",
    ],
    "newsgroups20": [
        "texts with control characters, byte order marks or soft hyphens, mended: 49",
        "texts with line ends written as \\n, kept: 39",
    ],
    "aapd": ["texts with a backslash before ( ) ?, mended: 1,294"],
}


def signs(text: str) -> set[str]:
    strange = {unicodedata.category(character) for character in set(text) - {"\t", "\n", "\r"}} & {"Cc", "Co"}
    return strange | {sign for sign, pattern in SIGNS.items() if pattern.search(text)}


def test_every_reader_is_checked_here_or_has_no_files_at_hand():
    assert set(AT_HAND) | NOT_AT_HAND == set(readers())


@pytest.mark.skipif(not MIRROR, reason="PUSHPULL_MIRROR names no folder of downloaded files")
@pytest.mark.parametrize("reader", AT_HAND)
def test_prepared_texts_hold_no_remains_but_those_that_were_written(reader, tmp_path):
    entry = {"reader": reader, "task": "single"} | AT_HAND[reader]
    raw = None
    if "files" in entry:
        entry["files"] = {split: str(Path(MIRROR) / name) for split, name in entry["files"].items()}
    else:
        raw = tmp_path / "raw"
        fetch(reader, published(entry), raw, Path(MIRROR), tmp_path / "checksums.json")
    prepare(reader, entry, raw, tmp_path)
    found = Counter(sign for split in SPLITS for text in read_texts(tmp_path, split) for sign in signs(text))
    assert found == LEFT.get(reader, {})
    notes = read_card(tmp_path)["notes"]
    assert [note for note in notes if note.startswith("texts with")] == NOTES.get(reader, [])
