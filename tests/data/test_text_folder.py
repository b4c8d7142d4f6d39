"""A folder of text files by class."""

import pandas as pd
import pytest
from pushpull.data.prepare import prepare
from pushpull.data.readers import read
from pushpull.errors import InputError


def text_files(folder, *names: str) -> dict:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"text of {name}", encoding="utf-8")
    return {"reader": "text_folder", "task": "single", "folder": str(folder)}


def test_a_folder_of_texts_by_class(tmp_path):
    entry = text_files(tmp_path, "train/b/2.txt", "train/a b/1.txt", "test/b/9.txt", "test/b/more/8.txt", "test/b/x.md")
    documents = read(entry, None)
    assert documents.splits["train"] == [
        ("train/a b/1.txt", "text of train/a b/1.txt", ("a b",)),
        ("train/b/2.txt", "text of train/b/2.txt", ("b",)),
    ]
    assert [row.labels for row in documents.splits["test"]] == [("b",), ("b",)]
    assert documents.notes == ["files that do not end in .txt, passed over: 1"]


def test_a_folder_of_classes_alone_is_split_again(tmp_path):
    entry = text_files(tmp_path, *(f"{name}/{number}.txt" for name in "ab" for number in range(6)))
    with pytest.raises(InputError, match="'a' is no split; expected train, validation, test"):
        read(entry, None)
    prepare("mine", entry | {"resplit": {"validation": 2, "test": 3}}, None, tmp_path / "out")
    assert len(pd.read_parquet(tmp_path / "out/train.parquet")) == 7


def test_a_folder_that_is_none_of_these_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder in it"):
        read(text_files(tmp_path, "readme.txt"), None)
    with pytest.raises(InputError, match=r"1\.txt: a text beside the folders of the classes"):
        read(text_files(tmp_path, "train/1.txt"), None)
    (tmp_path / "train/1.txt").unlink()
    text_files(tmp_path, "train/a/1.txt")
    (tmp_path / "train/a/2.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(InputError, match=r"2\.txt: not UTF-8"):
        read({"reader": "text_folder", "folder": str(tmp_path)}, None)


def test_texts_behind_links_and_in_capitals_are_not_lost(tmp_path):
    entry = text_files(tmp_path / "texts", "train/a/1.txt", "train/a/2.TXT", "test/a/3.txt")
    text_files(tmp_path / "elsewhere", "4.txt")
    (tmp_path / "texts/train/b").symlink_to(tmp_path / "elsewhere")
    assert [row.labels for row in read(entry, None).splits["train"]] == [("a",), ("a",), ("b",)]
