"""UK-LEX lines of our own words, with the keys that the authors' code reads."""

import json

import pytest
from pushpull.data.documents import Document
from pushpull.data.facts import Facts
from pushpull.data.readers import read
from pushpull.errors import InputError

LAWS = [
    {"title": "The Duck Ponds Order", "body": "Ponds\nshall be kept wet.", "labels": ["WATER", "ANIMALS"]},
    {"title": "The Late Buses Order", "body": "Buses may be late.", "labels": ["TRAFFIC"]},
    {"title": "The Empty Order", "body": "", "labels": []},
    {"title": "The Bread Order", "body": "Bread is \u2028 food.", "labels": ["FOOD", "FOOD"]},
]
TYPES = ["train", "test", "dev", "train"]


def put(folder, rows: list[dict | str]):
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "uk-lex69.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def laws() -> list[dict]:
    return [law | {"data_type": kind} for law, kind in zip(LAWS, TYPES, strict=True)]


def test_splits_texts_and_topics_are_read(tmp_path):
    documents = read({"reader": "uk_lex"}, put(tmp_path, laws()))
    assert documents.splits == {
        "train": [
            Document("train-1", "The Duck Ponds Order\nPonds\nshall be kept wet.", ("WATER", "ANIMALS")),
            Document("train-2", "The Bread Order\nBread is \u2028 food.", ("FOOD",)),
        ],
        "validation": [Document("validation-1", "The Empty Order\n", ())],
        "test": [Document("test-1", "The Late Buses Order\nBuses may be late.", ("TRAFFIC",))],
    }
    assert documents.label_texts == {"ANIMALS": "animals", "FOOD": "food", "TRAFFIC": "traffic", "WATER": "water"}
    (note,) = documents.notes
    assert note == "published: 20,000 / 8,000 / 8,500 documents, 69 labels; in this file: 2 / 1 / 1, 4 labels"


def test_the_published_sizes_need_no_note(tmp_path, monkeypatch):
    sizes = Facts(published={"train": 2, "validation": 1, "test": 1})
    monkeypatch.setattr("pushpull.data.readers.uk_lex.facts", lambda _: sizes)
    monkeypatch.setattr("pushpull.data.readers.uk_lex._TOPICS", 4)
    assert read({"reader": "uk_lex"}, put(tmp_path, laws())).notes == []


def test_small_differences_of_the_file_do_no_harm(tmp_path):
    row = {"title": "A", "body": "b", "label": [3, 11], "data_type": "val"}
    documents = read({"reader": "uk_lex"}, put(tmp_path, [row]))
    assert documents.splits["validation"] == [Document("validation-1", "A\nb", ("3", "11"))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": None}, "line 2: title: expected a string, got None"),
        ({"body": ["b"]}, "line 2: body: expected a string"),
        ({"labels": "WATER"}, "line 2: labels: expected a list"),
        ({"labels": {"WATER": 1}}, "line 2: labels: expected a list"),
        ({"labels": [["WATER"]]}, "line 2: labels: expected a list of names or numbers"),
        ({"data_type": "dev2"}, "line 2: unknown data_type 'dev2': did you mean 'dev'"),
        ({"data_type": ["dev"]}, "line 2: unknown data_type"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(tmp_path, change, message):
    first, second, *_ = laws()
    with pytest.raises(InputError, match=rf"uk-lex69.jsonl, {message}"):
        read({"reader": "uk_lex"}, put(tmp_path, [first, second | change]))


@pytest.mark.parametrize("key", ["title", "body", "labels", "data_type"])
def test_a_missing_key_is_named_with_file_and_line(tmp_path, key):
    first, second, *_ = laws()
    del second[key]
    with pytest.raises(InputError, match=rf"uk-lex69.jsonl, line 2: no key '{key}'; there are: "):
        read({"reader": "uk_lex"}, put(tmp_path, [first, second]))


@pytest.mark.parametrize(("line", "message"), [("{oops", "not JSON"), ("[1]", "expected an object"), ("", "not JSON")])
def test_a_line_that_is_no_object_is_named(tmp_path, line, message):
    with pytest.raises(InputError, match=rf"uk-lex69.jsonl, line 2: {message}"):
        read({"reader": "uk_lex"}, put(tmp_path, [laws()[0], line]))


def test_other_bytes_than_utf8_and_own_files_are_refused(tmp_path):
    (tmp_path / "uk-lex69.jsonl").write_bytes(b'{"title": "\xe9"}\n')
    with pytest.raises(InputError, match="not UTF-8"):
        read({"reader": "uk_lex"}, tmp_path)
    with pytest.raises(InputError, match="no `files:`"):
        read({"reader": "uk_lex", "files": {"train": "a", "test": "b"}}, None)
