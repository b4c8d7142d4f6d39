"""RCV1-v2 as the JSON lines of NeuralClassifier (Tencent): lists of words without stop words, and topic codes.

my_rcv1:
  reader: rcv1_v2_json
  task: multi
  files: {train: rcv1_train.json, validation: rcv1_dev.json, test: rcv1_test.json}   # validation: optional; .gz: too

{"doc_label": ["C15", "CCAT"], "doc_token": ["net", "profit"], "doc_keyword": [], "doc_topic": []}
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pushpull.data.documents import Document, Documents, Stream
from pushpull.data.readers.rcv1_files import topic_texts
from pushpull.data.readers.text_lines import lines
from pushpull.errors import InputError


def read(entry: dict, raw: None = None) -> Documents:
    """Return the documents of `entry["files"]` as streams; text is the words joined by a space, ids are numbered.

    Label texts are those of `rcv1.label_meaning` or `rcv1.topics.hier.orig` beside the training file, else the codes.

    Raises:
        InputError: a file is missing; while walking: a line is not such an object, with file and line.
    """
    paths = {split: Path(name) for split, name in entry["files"].items()}
    for split, path in paths.items():
        if not path.is_file():
            raise InputError(f"files: {split}: {path} is not there; paths are relative to {Path.cwd()}")
    return Documents(
        splits={split: Stream(partial(_documents, split, path)) for split, path in paths.items()},
        label_texts=topic_texts(paths["train"].parent),
        notes=["words as NeuralClassifier gives them: without stop words and punctuation"],
    )


def _documents(split: str, path: Path) -> Iterator[Document]:
    filled = ((number, line) for number, line in lines(path) if line.strip())
    for index, (number, line) in enumerate(filled, start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error}); one object a line") from None
        words, topics = (_strings(row, key, f"{path}, line {number}") for key in ("doc_token", "doc_label"))
        yield Document(f"{split}-{index}", " ".join(words), tuple(dict.fromkeys(topics)))


def _strings(row: object, key: str, where: str) -> list[str]:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: expected an object with {key!r}, a list of strings, got {str(row)[:60]!r}")
    return value
