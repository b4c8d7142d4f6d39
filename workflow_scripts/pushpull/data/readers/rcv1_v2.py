"""RCV1-v2 as published with LYRL2004: token files and topic assignments.

Lewis, Yang, Rose and Li, "RCV1: A New Benchmark Collection for Text Categorization Research" (JMLR 5, 2004), online
appendices 8 (`rcv1-v2.topics.qrels`) and 12 (`lyrl2004_tokens_*.dat`), each plain or as `.gz`. The tokens are stems
without stop words, and their order in a document is scrambled: a text is a bag of stems, not English.

.I 1
.W
harbour crane harbour ship

CCAT 1 1
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pushpull.data.documents import Document, Documents, Stream
from pushpull.data.readers.rcv1_files import present, topic_texts
from pushpull.data.readers.text_lines import lines
from pushpull.errors import InputError

_TRAIN = "lyrl2004_tokens_train.dat"
_TEST = tuple(f"lyrl2004_tokens_test_pt{part}.dat" for part in range(4))
_TOPICS = "rcv1-v2.topics.qrels"


def read(entry: dict, raw: Path) -> Documents:
    """Return the chronological split: 23,149 train documents, 781,265 test documents as a stream.

    Labels are the topic codes, in the order of the assignments. Label texts are the descriptions of
    `rcv1.topics.hier.orig` or `rcv1.label_meaning`, where one of them is in `raw`, else the codes.

    Raises:
        InputError: a file is missing or damaged, a record is cut off, or a document has no topic; for the test
            documents while the stream is walked.
    """
    train, *test, assignments = (_file(raw, name) for name in (_TRAIN, *_TEST, _TOPICS))
    topics = _topics(assignments)
    codes = {code for labels in set(topics.values()) for code in labels}
    texts = topic_texts(raw)
    return Documents(
        splits={
            "train": list(_documents([train], topics, assignments)),
            "test": Stream(partial(_documents, test, topics, assignments)),
        },
        label_texts={code: texts.get(code, code) for code in sorted(codes)},
        notes=["LYRL2004 tokens: stems without stop words, in scrambled order", "chronological split of LYRL2004"],
    )


def _file(raw: Path, name: str) -> Path:
    path = present(raw, name)
    if path is None:
        raise InputError(
            f"{raw / name} is not there, nor as .gz; needed: {', '.join((_TRAIN, *_TEST, _TOPICS))}. Delete this "
            "folder and run the same command again."
        )
    return path


def _topics(path: Path) -> dict[str, tuple[str, ...]]:
    """Document id -> topics, each once. Equal sets share one tuple: 804,414 documents need about 80 MB."""
    topics: dict[str, tuple[str, ...]] = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, line in lines(path):
        fields = line.split()
        if len(fields) != 3 or fields[2] != "1":
            raise InputError(f"{path}, line {number}: expected `TOPIC id 1`, got {line[:60]!r}; fetch the file again")
        known = topics.get(fields[1], ())
        if fields[0] not in known:
            labels = (*known, fields[0])
            topics[fields[1]] = shared.setdefault(labels, labels)
    return topics


def _documents(paths: list[Path], topics: dict[str, tuple[str, ...]], assignments: Path) -> Iterator[Document]:
    for path in paths:
        for number, (head, *body) in _records(path):
            mark, _, identifier = head.partition(" ")
            if mark != ".I" or not identifier or body[:1] != [".W"]:
                raise InputError(
                    f"{path}, line {number}: expected a line `.I <id>` and a line `.W`, got "
                    f"{[line[:30] for line in (head, *body[:1])]}; the file is cut off or of another format: "
                    "fetch it again"
                )
            if identifier not in topics:
                raise InputError(
                    f"{path}, line {number}: document {identifier} has no topic in {assignments}; both must be of the "
                    "same distribution: fetch them again"
                )
            yield Document(identifier, " ".join(body[1:]), topics[identifier])


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and lines of each record: from `.I` to the next one, without blank lines."""
    start, record = 0, []
    for number, line in lines(path):
        line = line.strip()
        if line.startswith(".I") and record:
            yield start, record
            record = []
        if line:
            start = start if record else number
            record.append(line)
    if record:
        yield start, record
