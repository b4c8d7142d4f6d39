"""Questions of our own words in the format of the TREC files."""

import pytest
from pushpull.data.documents import Document
from pushpull.data.readers import read
from pushpull.errors import InputError

TRAIN = b"LOC:other Where do ducks sleep ?\nNUM:count How many eggs : three or four ?\nHUM:ind Who fed Ren\xe9\x85e ?\n"
TEST = b"ABBR:exp What does D.U.C.K. mean ?\r\nDESC:def What is a pond ?"


def put(folder, train: bytes = TRAIN, test: bytes = TEST):
    (folder / "train_5500.label").write_bytes(train)
    (folder / "TREC_10.label").write_bytes(test)
    return folder


def test_the_coarse_class_is_the_label_and_the_file_is_windows_1252(tmp_path):
    documents = read({"reader": "trec6"}, put(tmp_path))
    assert documents.splits == {
        "train": [
            Document("train-1", "Where do ducks sleep ?", ("LOC",)),
            Document("train-2", "How many eggs : three or four ?", ("NUM",)),
            Document("train-3", "Who fed Ren\xe9\u2026e ?", ("HUM",)),  # byte 0x85 is no line end
        ],
        "test": [
            Document("test-1", "What does D.U.C.K. mean ?", ("ABBR",)),
            Document("test-2", "What is a pond ?", ("DESC",)),
        ],
    }
    assert list(documents.label_texts) == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
    assert documents.label_texts["NUM"] == "numeric value"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"LOC Where ?", "line 2: expected `COARSE:fine question`, got 'LOC Where [?]'"),
        (b"LOC: Where ?", "line 2: expected"),
        (b"LOC:other", "line 2: expected"),
        (b"LOC:other  ", "line 2: expected"),
        (b"", "line 2: expected"),
        (b"LOK:other Where ?", "line 2: unknown coarse class 'LOK': did you mean 'LOC'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, says):
    with pytest.raises(InputError, match=rf"train_5500\.label, {says}"):
        read({"reader": "trec6"}, put(tmp_path, b"LOC:other Where ?\n" + line + b"\nLOC:other Where ?\n"))


def test_a_missing_file_is_named(tmp_path):
    (put(tmp_path) / "TREC_10.label").unlink()
    with pytest.raises(InputError, match=r"TREC_10\.label is not there"):
        read({"reader": "trec6"}, tmp_path)
