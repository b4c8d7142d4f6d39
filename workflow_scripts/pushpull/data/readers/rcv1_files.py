"""What the three readers of RCV1-v2 share: lines of plain or gzipped files, and what the topic codes mean."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from pushpull.errors import InputError

_HIERARCHY = "rcv1.topics.hier.orig"  # LYRL2004: parent: CCAT child: C11 child-description: STRATEGY/PLANS
_MEANINGS = "rcv1.label_meaning"  # NeuralClassifier: C11: STRATEGY/PLANS, indented, now and then two on a line
_DESCRIPTION = re.compile(r"\bchild:\s*(\S+)\s+child-description:\s*(\S.*)")
_CODE = re.compile(r"\b([A-Z][A-Z0-9]{2,4}): ")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line of a UTF-8 file, gzipped if its name ends in `.gz`, without line end.

    Raises:
        InputError: not UTF-8, or a gzip file that is damaged or cut off.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, after line {number}: not UTF-8 ({error.reason}); fetch the file again") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}, after line {number}: damaged ({error}); fetch the file again") from None


def present(folder: Path, name: str) -> Path | None:
    """Return `folder/name`, or `folder/name.gz`, whichever is there."""
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.is_file()), None)


def topic_texts(folder: Path) -> dict[str, str]:
    """Topic code -> description, as far as the folder holds `rcv1.topics.hier.orig` or `rcv1.label_meaning`."""
    texts: dict[str, str] = {}
    meanings, hierarchy = present(folder, _MEANINGS), present(folder, _HIERARCHY)
    if meanings:
        for _, line in lines(meanings):
            parts = _CODE.split(line)
            texts |= {code: text.strip() for code, text in zip(parts[1::2], parts[2::2], strict=True)}
    if hierarchy:
        found = (_DESCRIPTION.search(line) for _, line in lines(hierarchy))
        texts |= {match[1]: match[2].strip() for match in found if match and match[1] != "Root"}
    return texts
