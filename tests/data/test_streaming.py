"""A split that is too large for memory: the same results as a list, in one walk and little memory."""

import random
import subprocess
import sys
from collections import Counter
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest
from pushpull.data import readers
from pushpull.data.dataset import read_ids, read_labels
from pushpull.data.documents import Document, Documents, Stream
from pushpull.data.prepare import prepare
from pushpull.data.tally import Tally
from pushpull.errors import InputError

ENTRY = {"reader": "csv", "task": "multi"}
FILES = ("train.parquet", "validation.parquet", "test.parquet", "card.json")


def rows(start: int, count: int, words: int = 7):
    """Documents of a few words, so that some texts are empty or come again, with up to two labels."""
    draw = random.Random(start)
    for number in range(start, start + count):
        text = " ".join([*draw.choices(["one", "two", "three"], k=number % words), *[str(number)] * (number % 9 == 0)])
        yield Document(
            str(number), text, tuple(sorted({f"l{int(40 * draw.random() ** 3)}" for _ in range(number % 3)}))
        )


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    """prepared(name, entry, **splits): the folder of a dataset made of these splits."""

    def run(name: str, entry: dict, **splits):
        monkeypatch.setattr(readers, "read", lambda entry, raw: Documents(splits, {"l0": "the first", "l99": "none"}))
        prepare("made", ENTRY | entry, None, tmp_path / name)
        return tmp_path / name

    return run


@pytest.mark.parametrize("entry", [{}, {"min_train_documents": 9}, {"resplit": {"validation": 40, "test": 70}}])
def test_streams_and_lists_give_the_same_bytes(prepared, entry):
    sizes = {"train": (0, 400), "test": (400, 12_000)}
    lists = prepared("lists", entry, **{split: list(rows(*size)) for split, size in sizes.items()})
    streams = prepared("streams", entry, **{split: Stream(partial(rows, *size)) for split, size in sizes.items()})
    for name in FILES:
        assert (lists / name).read_bytes() == (streams / name).read_bytes()


def test_a_long_stream_is_written_in_row_groups_in_order(prepared):
    folder = prepared("out", {}, train=list(rows(0, 100)), test=Stream(partial(rows, 100, 12_345)))
    assert pq.read_metadata(folder / "test.parquet").num_row_groups == 2
    assert read_ids(folder, "test") == [str(number) for number in range(100, 12_445)]
    names = sorted({label for row in rows(100, 12_345) for label in row.labels})
    for members, row in zip(read_labels(folder, "test", names), rows(100, 12_345), strict=True):
        assert tuple(name for name, member in zip(names, members, strict=True) if member) == row.labels


def test_a_stream_is_walked_once(prepared):
    walks = []

    def counted():
        walks.append(1)
        yield from rows(100, 10)

    prepared("out", {"min_train_documents": 2}, train=list(rows(0, 100)), test=Stream(counted))
    assert len(walks) == 1


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (lambda: iter([]), "the split test has no document"),
        (lambda: rows(99, 6000), "id '99' occurs twice, in train and test"),
        (lambda: iter([Document("t", "\ud83d", ())]), "test document 't' holds half of a character"),
    ],
)
def test_a_mistake_within_a_stream_leaves_no_file(prepared, tmp_path, stream, says):
    with pytest.raises(InputError, match=says):
        prepared("out", {}, train=list(rows(0, 100)), test=Stream(stream))
    assert list((tmp_path / "out").iterdir()) == []


def test_labels_met_in_a_stream_alone_are_dropped_and_counted(prepared):
    train = [Document(str(number), "x", ("l0",)) for number in range(20)]
    test = Stream(lambda: iter([Document("a", "y", ("l0", "late")), Document("b", "z", ("later",))]))
    folder = prepared("out", {"min_train_documents": 20}, train=train, test=test)
    assert pq.read_table(folder / "test.parquet").column("labels").to_pylist() == [["l0"], []]
    note = "labels with fewer than 20 training documents, left out: 3"  # l99, late, later
    assert note in (folder / "card.json").read_text()


def test_the_facts_are_those_of_a_slow_count():
    documents = list(rows(0, 3000))
    tally = Tally()
    for row in documents:
        tally.add(row)
    label_sets: dict[str, set] = {}
    for row in documents:
        label_sets.setdefault(row.text, set()).add(frozenset(row.labels))
    assert tally.labels == Counter(label for row in documents for label in row.labels)
    assert tally.facts() == {
        "documents": 3000,
        "labels_per_document": np.mean([len(row.labels) for row in documents]),
        "words_per_document": np.mean([len(row.text.split()) for row in documents]),
        "empty_texts": sum(row.text == "" for row in documents),
        "without_labels": sum(row.labels == () for row in documents),
        "duplicates": 3000 - len({row.text for row in documents}),
        "conflicting": sum(len(sets) > 1 for sets in label_sets.values()),
    }
    assert tally.facts()["conflicting"] > 100


GROWTH = """
import sys
from functools import partial
from pathlib import Path
from pushpull.data import readers
from pushpull.data.documents import Document, Documents, Stream
from pushpull.data.prepare import prepare

def rows(start, count):
    for number in range(start, start + count):
        yield Document(str(number), f"{number} " + "-" * 600, ("x", "y")[: 1 + number % 2])

def peak_after(count):  # in MB, of this program alone, which ru_maxrss is not after a fork
    test = list(rows(6000, count)) if sys.argv[2] == "list" else Stream(partial(rows, 6000, count))
    readers.read = lambda *_: Documents({"train": list(rows(0, 6000)), "test": test})
    prepare("made", {"reader": "csv", "task": "multi"}, None, Path(sys.argv[1]))
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024

small = peak_after(6000)
print(peak_after(200_000) - small)
"""


def test_peak_memory_is_bounded(tmp_path):
    """200,000 texts of 600 characters take 150 MB as a list; their ids and hashes may take 40, the writer a little."""
    arguments = [sys.executable, "-c", GROWTH, str(tmp_path), "stream"]
    ended = subprocess.run(arguments, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) < 80
