"""What the three readers of RCV1-v2 share: which files are there, and what the topic codes mean."""

import re
from pathlib import Path

from pushpull.data.readers.text_lines import lines

_HIERARCHY = "rcv1.topics.hier.orig"  # LYRL2004: parent: CCAT child: C11 child-description: STRATEGY/PLANS
_MEANINGS = "rcv1.label_meaning"  # NeuralClassifier: C11: STRATEGY/PLANS, indented, now and then two on a line
_DESCRIPTION = re.compile(r"\bchild:\s*(\S+)\s+child-description:\s*(\S.*)")
_CODE = re.compile(r"\b([A-Z][A-Z0-9]{2,4}): ")


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
