"""20 Newsgroups, "bydate": Usenet posts of twenty groups, split by date.

Lang, "NewsWeeder" (1995), in Rennie's version without cross-posts: 20news-bydate-{train,test}/GROUP/NUMBER, latin-1,
11,314 training and 7,532 test posts, in one archive. Eleven bytes in seven posts are of other code pages (0x94 is an ö
in one, 0x8c an å in another) and become blanks. Backslashes and what looks like a reference are the writers' own: C
code with a line end in a string, drawings, uuencoded files.

`keep: [headers, quotes, footers]` (default: all) says which parts of a post stay; what is not named is stripped by the
rules of scikit-learn's `fetch_20newsgroups` (test_real_data.py compares every post).
"""

import re
from pathlib import Path

from pushpull.data.archives import contents
from pushpull.data.documents import Document, Documents
from pushpull.errors import InputError, unknown

_ARCHIVE = "20news-bydate.tar.gz"
_OTHER_CODE_PAGES = bytes(range(0x80, 0xA0)), b" " * 0x20
_POST = re.compile(r"20news-bydate-(train|test)/([^/]+)/([^/]+)")
_QUOTE = re.compile(r"(writes in|writes:|wrote:|says:|said:|^In article|^Quoted from|^\||^>)")
_GROUPS = {
    "alt.atheism": "atheism",
    "comp.graphics": "computer graphics",
    "comp.os.ms-windows.misc": "Microsoft Windows",
    "comp.sys.ibm.pc.hardware": "IBM PC hardware",
    "comp.sys.mac.hardware": "Macintosh hardware",
    "comp.windows.x": "X Window System",
    "misc.forsale": "items for sale",
    "rec.autos": "cars",
    "rec.motorcycles": "motorcycles",
    "rec.sport.baseball": "baseball",
    "rec.sport.hockey": "ice hockey",
    "sci.crypt": "cryptography",
    "sci.electronics": "electronics",
    "sci.med": "medicine",
    "sci.space": "space",
    "soc.religion.christian": "Christianity",
    "talk.politics.guns": "gun politics",
    "talk.politics.mideast": "Middle East politics",
    "talk.politics.misc": "other politics",
    "talk.religion.misc": "other religion",
}


def read(entry: dict, raw: Path) -> Documents:
    """Return the published splits, sorted by group and number; ids like `sci.space/60173`, labels like `sci.space`.

    Raises:
        InputError: an unknown part in `keep`, an unknown group, a split without posts, a broken or unsafe archive.
    """
    keep = entry.get("keep", list(_STRIP))
    wrong = [part for part in keep if part not in _STRIP]
    if wrong:
        raise InputError(f"keep: {unknown('part of a post', wrong[0], _STRIP)}")
    archive = raw / _ARCHIVE
    splits: dict[str, list[Document]] = {"train": [], "test": []}
    for path, data in contents(archive, lambda name: bool(_POST.fullmatch(name))).items():
        split, group, number = _POST.fullmatch(path).groups()
        if group not in _GROUPS:
            raise InputError(f"{archive}: {path}: {unknown('newsgroup', group, _GROUPS)}")
        splits[split].append(Document(f"{group}/{number}", _stripped(_decoded(data), keep), (group,)))
    for split, rows in splits.items():
        if not rows:
            raise InputError(f"{archive}: no post in 20news-bydate-{split}/; fetch the archive again")
        rows.sort(key=lambda row: (row.labels[0], len(row.id), row.id))  # numbers of a group by value
    return Documents(splits, dict(_GROUPS), [f"kept of each post: {', '.join(['body', *keep])}"])


def _decoded(data: bytes) -> str:
    return data.translate(bytes.maketrans(*_OTHER_CODE_PAGES)).decode("latin-1")


def _stripped(text: str, keep: list[str]) -> str:
    for part, strip in _STRIP.items():
        if part not in keep:
            text = strip(text)
    return text


def _without_header(text: str) -> str:
    """What follows the first blank line."""
    return text.partition("\n\n")[2]


def _without_footer(text: str) -> str:
    """What precedes the last line that is blank or of hyphens only, which is taken for the start of a signature."""
    lines = text.strip().split("\n")
    last = max((index for index, line in enumerate(lines) if not line.strip().strip("-")), default=0)
    return "\n".join(lines[:last]) if last else text


def _without_quotes(text: str) -> str:
    """Lines that neither quote nor announce a quotation."""
    return "\n".join(line for line in text.split("\n") if not _QUOTE.search(line))


# In the order in which scikit-learn strips them.
_STRIP = {"headers": _without_header, "footers": _without_footer, "quotes": _without_quotes}
