"""R8 and R52 derived from the SGML files of Reuters-21578, where the published ones are not at hand.

The rule: ModApte documents whose list of topics has exactly one entry; R52 are the classes with at least one training
and one test document, R8 those of them that are among the ten most frequent topics of the training documents. Sizes and
class counts are those of the published files (Cardoso-Cachopo, 2007). So are the texts, but for 3 of the 5,485 training
documents of R8, where words are joined in one of the two.
"""

import re
from collections import Counter
from pathlib import Path

from pushpull.data.documents import Documents
from pushpull.data.readers.reuters21578 import modapte, shared_topics
from pushpull.data.readers.reuters_classes import class_texts

_OTHERS = re.compile("[^a-z]+")
_FREQUENT = 10


def read(entry: dict, raw: Path) -> Documents:
    """Return train and test of `entry["corpus"]`, r8 or r52, in the collection's order; lower case, letters only.

    Raises:
        InputError: `raw` holds no SGML file, or no class has documents of both splits.
    """
    splits = modapte(raw)
    counts = Counter(topic for row in splits["train"] for topic in set(row.labels))
    # The list is counted, not the set: one test document names its only topic twice, and is not in the published files.
    single = {split: [row for row in rows if len(row.labels) == 1] for split, rows in splits.items()}
    classes = shared_topics(single, raw)
    if entry["corpus"] == "r8":
        classes &= {topic for topic, _ in counts.most_common(_FREQUENT)}
    return Documents(
        splits={
            split: [row._replace(text=_letters(row.text)) for row in rows if row.labels[0] in classes]
            for split, rows in single.items()
        },
        label_texts=class_texts(classes),
        notes=["derived from the SGML files: ModApte documents with exactly one topic"],
    )


def _letters(text: str) -> str:
    return _OTHERS.sub(" ", text.lower()).strip()
