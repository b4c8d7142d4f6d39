"""What files leave in texts though nobody wrote it: control characters, references, escapes."""

import re
from collections.abc import Callable
from html import unescape
from html.entities import html5

from pushpull.data.documents import Documents

Mend = Callable[[str], str]

_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\ufeff]")
_INSTEAD = {
    **dict.fromkeys([*range(0x20), 0x7F], " "),
    # As the WHATWG reads them: bytes of windows-1252 that were taken for latin-1.
    **{code: bytes([code]).decode("cp1252", "replace").replace("\ufffd", " ") for code in range(0x80, 0xA0)},
    **dict.fromkeys([0xAD, 0xFEFF], ""),
}
_REFERENCE = re.compile(r"&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_LINE_END = re.compile(r"\\r\\n|\\[nr]")


def without_controls(text: str) -> str:
    """Text without characters that show nothing; every dataset is prepared so.

    Tab and line ends stay. U+0080 to U+009F become what the same bytes mean in windows-1252 (U+0085 is an ellipsis),
    other control characters a blank; byte order marks and soft hyphens vanish.

    Example:
        >>> without_controls("a quiet\\x0cfilm\\x85slow")
        'a quiet film…slow'
    """
    return text.translate(_INSTEAD) if _CONTROLS.search(text) else text


def resolve_references(text: str) -> str:
    """Make references of HTML and SGML their characters, once: `&amp;lt;` is `&lt;`, a text about HTML.

    Only what ends in a semicolon and is a number or a known name, for `?a=1&copy=2` and `&unfaithfulness;` are none.

    Example:
        >>> resolve_references("R&D; proud &amp; free &lt;3")
        'R&D; proud & free <3'
    """
    return _REFERENCE.sub(lambda found: unescape(found[0]) if _known(found[1]) else found[0], text)


def _known(name: str) -> bool:
    return name.startswith("#") or f"{name};" in html5


def resolve_line_ends(text: str) -> str:
    r"""Make line ends of line ends that are written as a backslash and a letter.

    Example:
        >>> resolve_line_ends(r"Best day\nSo happy")
        'Best day\nSo happy'
    """
    return _LINE_END.sub("\n", text)


REMAINS: dict[str, Mend] = {
    "HTML references such as &amp;": resolve_references,
    r"line ends written as \n": resolve_line_ends,
}
"""What the dataset card counts in every dataset -> what a reader may mend it with."""


def mended(documents: Documents, mends: dict[str, Mend]) -> Documents:
    """Apply each mend to all texts, in splits that are lists, and note for the card how many texts it changed."""
    for what, mend in mends.items():
        changed = 0
        for split, rows in documents.splits.items():
            after = [row._replace(text=mend(row.text)) for row in rows]
            changed += sum(row != other for row, other in zip(rows, after, strict=True))
            documents.splits[split] = after
        if changed:
            documents.notes.append(f"texts with {what}, mended: {changed:,}")
    return documents
