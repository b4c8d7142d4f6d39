"""Sentences of our own words in the format of the MR split."""

import pytest
from pushpull.data.documents import Document
from pushpull.data.readers import read
from pushpull.errors import InputError


def put(folder, texts: bytes = b"a fine pond .\r\nducks \x85 again , na\xefve . \r\n", labels: bytes = b"1\r\n0\r\n"):
    for split in ("train", "test"):
        (folder / f"text_{split}.txt").write_bytes(texts if split == "train" else b"a dull lake .\n")
        (folder / f"label_{split}.txt").write_bytes(labels if split == "train" else b"0")
    return folder


def test_line_n_of_the_labels_is_that_of_line_n_of_the_windows_1252_texts(tmp_path):
    documents = read({"reader": "mr"}, put(tmp_path))
    assert documents.splits == {
        "train": [
            Document("train-1", "a fine pond .", ("positive",)),
            Document("train-2", "ducks \u2026 again , na\xefve .", ("negative",)),  # byte 0x85 is no line end
        ],
        "test": [Document("test-1", "a dull lake .", ("negative",))],
    }
    assert documents.label_texts == {"positive": "positive", "negative": "negative"}


@pytest.mark.parametrize(
    ("texts", "labels", "says"),
    [
        (b"a\nb\nc\n", b"1\n0\n", r"label_train\.txt has 2 lines, but \S*text_train\.txt has 3"),
        (b"a\n", b"1\n0\n", r"label_train\.txt has 2 lines, but \S*text_train\.txt has 1"),
        (b"a\nb\n", b"1\n2\n", r"label_train\.txt, line 2: expected 1 \(positive\) or 0 \(negative\), got '2'"),
        (b"a\nb\n", b"\n1\n", r"label_train\.txt, line 1: expected"),
        (b"a\n \n", b"1\n0\n", r"text_train\.txt, line 2: no sentence"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, texts, labels, says):
    with pytest.raises(InputError, match=says):
        read({"reader": "mr"}, put(tmp_path, texts, labels))


def test_references_that_the_tokeniser_took_apart_are_resolved_and_counted(tmp_path):
    documents = read({"reader": "mr"}, put(tmp_path, b"can&#8217 ; t quack&#133 ;\n& a # 7 ; <b>pond</b>\n"))
    assert [row.text for row in documents.splits["train"]] == ["can\u2019 t quack\u2026", "& a # 7 ; <b>pond</b>"]
    assert documents.notes == ["texts with HTML references such as &#8217 ;, mended: 1"]


def test_a_byte_that_windows_1252_lacks_is_named(tmp_path):
    with pytest.raises(InputError, match=r"text_train\.txt, after line \d: not windows-1252"):
        read({"reader": "mr"}, put(tmp_path, b"a pond .\nducks \x81 .\n"))


def test_a_missing_file_is_named(tmp_path):
    (put(tmp_path) / "label_test.txt").unlink()
    with pytest.raises(InputError, match=r"label_test\.txt is not there"):
        read({"reader": "mr"}, tmp_path)
