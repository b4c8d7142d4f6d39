"""Biotech news in the published form, with texts of our own."""

import csv

import pytest
from pushpull.data.documents import Document
from pushpull.data.facts import Facts, facts
from pushpull.data.readers import biotech, read
from pushpull.errors import InputError

HEADER = ["", "Title", "Content", "Target Organization", "Label 1", "Label 2", "Label 3", "Label 4", "Label 5"]
TRAIN = [
    [
        "0",
        "Duckpond Labs buys a frog",
        'First line, with a comma.\nSecond "line".',
        "Duckpond",
        "m&a",
        "hiring",
        "",
        "",
        "",
    ],
    ["1", "A party", "Cake.", "Duckpond", "event organisation", "event organization", "", "", ""],
    ["2", "", "No title here.", "Duckpond", "", "", "", "", ""],
    ["3", "Two that look alike", "", "Pond", "new initiatives or programs", "new initiatives & programs", "", "", ""],
]
TEST = [["0", "Alone", "A friend.", "Pond", "alliance & partnership", "", "", "partnerships & alliances", "None"]]


def put(folder, train=TRAIN, test=TEST, header=HEADER):
    for name, rows in (("train", train), ("test", test)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return folder


def test_many_lines_empty_cells_and_similar_names_are_read(tmp_path):
    documents = read({"reader": "biotech"}, put(tmp_path))
    train = [
        ('Duckpond Labs buys a frog\nFirst line, with a comma.\nSecond "line".', ("m&a", "hiring")),
        ("A party\nCake.", ("event organization",)),
        ("No title here.", ("other",)),
        ("Two that look alike", ("new initiatives or programs", "new initiatives & programs")),
    ]
    assert documents.splits == {
        "train": [Document(f"train-{number}", *row) for number, row in enumerate(train, start=1)],
        "test": [Document("test-1", "Alone\nA friend.", ("alliance & partnership", "partnerships & alliances"))],
    }
    assert documents.notes == [
        "published: 2,759 / 381 documents; in these files: 4 / 1",
        "documents with the label 'event organisation', read as 'event organization': 1",
        "documents without any label in the files, read as 'other': 1",
    ]


def test_the_labels_are_the_published_ones_less_none_and_one_spelling(tmp_path):
    texts = read({"reader": "biotech"}, put(tmp_path)).label_texts
    assert list(texts) == list(biotech.EVENTS)
    assert len(set(texts)) == len(set(texts.values())) == 31 - 2
    assert "event organisation" not in texts
    assert texts["m&a"] == "mergers and acquisitions"
    assert texts["support & philanthropy"] == "support and philanthropy"


def test_the_published_sizes_need_no_note(tmp_path, monkeypatch):
    monkeypatch.setattr(biotech, "facts", lambda _: Facts(published={"train": 1, "test": 1}))
    assert read({"reader": "biotech"}, put(tmp_path, TRAIN[:1])).notes == []


def test_more_columns_of_row_numbers_and_another_order_do_no_harm(tmp_path):
    plain = read({"reader": "biotech"}, put(tmp_path)).splits
    rows = [[["7", *row[::-1]] for row in split] for split in (TRAIN, TEST)]
    turned = read({"reader": "biotech"}, put(tmp_path, *rows, header=["Unnamed: 0", *HEADER[::-1]])).splits
    assert [row.text for row in turned["train"]] == [row.text for row in plain["train"]]
    assert [set(row.labels) for row in turned["train"]] == [set(row.labels) for row in plain["train"]]


def test_the_users_own_copies_are_read_and_a_folder_is_refused(tmp_path):
    put(tmp_path)
    files = {"train": str(tmp_path / "test.csv"), "test": str(tmp_path / "train.csv")}
    documents = read({"reader": "biotech", "files": files}, None)
    assert [len(rows) for rows in documents.splits.values()] == [1, 4]
    with pytest.raises(InputError, match="a biotech dataset has no `folder:`; name what you have under `files:`"):
        read({"reader": "biotech", "folder": str(tmp_path)}, None)


def test_an_unknown_event_is_named_with_the_line_its_row_ends_in(tmp_path):
    wrong = [TRAIN[0], ["1", "A party", "Cake.", "Pond", "hirring", "", "", "", ""]]
    with pytest.raises(InputError, match=r"train\.csv, line 4: unknown event 'hirring': did you mean 'hiring'"):
        read({"reader": "biotech"}, put(tmp_path, wrong))


def test_a_missing_column_and_a_short_row_are_named(tmp_path):
    with pytest.raises(InputError, match=r"train\.csv, line 1: no column 'Label 5' \(is it 'Label"):
        read({"reader": "biotech"}, put(tmp_path, header=[*HEADER[:-1], "Labels"]))
    with pytest.raises(InputError, match=r"test\.csv, line 2: not as many fields"):
        read({"reader": "biotech"}, put(tmp_path, test=[TEST[0][:-1]]))


def test_the_addresses_are_pinned_to_one_commit():
    urls = [item["url"] for item in facts("biotech").sources]
    commits = {url.partition("/resolve/")[2].partition("/")[0] for url in urls}
    assert [len(commit) for commit in commits] == [40]
    assert [url.rpartition("/")[2] for url in urls] == list(biotech._FILES.values())
