"""From documents to parquet files and the card."""

import json
from pathlib import Path

import pytest
from own_data import GOOD, MULTI, TEST, rows_of, user_data
from pushpull.data.dataset import label_names, read_card, read_ids, read_labels
from pushpull.data.prepare import prepare
from pushpull.errors import InputError


@pytest.fixture
def small(tmp_path):
    train = [
        ("1", "a b c", ["x"]),
        ("2", "a b c", ["y"]),
        ("3", "a b c", ["x"]),
        ("4", " ", ["x", "y"]),
        ("5", "d", []),
    ]
    validation = [("6", "a b c", ["x"]), ("7", "e f", ["only here"])]
    test = [("8", "g", ["y"]), ("9", "g", ["y"]), ("10", "caf\u00e9 d", ["x", "late"])]
    entry = user_data(tmp_path / "in", train=train, validation=validation, test=test)
    prepare("mine", entry, None, tmp_path / "out")
    return tmp_path / "out"


def test_the_card_counts_what_a_hand_counts(small):
    card = read_card(small)
    assert card["dataset"] == card["title"] == "mine"
    assert card["task"] == "multi"
    assert card["validation_from"] == "published"
    assert card["labels"] == [
        {"name": "x", "text": "x", "train": 3, "validation": 1, "test": 1},
        {"name": "y", "text": "y", "train": 2, "validation": 0, "test": 2},
        {"name": "late", "text": "late", "train": 0, "validation": 0, "test": 1},
        {"name": "only here", "text": "only here", "train": 0, "validation": 1, "test": 0},
    ]
    train = {key: value for key, value in card["splits"]["train"].items() if key != "sha256"}
    assert train == {
        "documents": 5,
        "labels_per_document": 1.0,
        "words_per_document": 2.0,
        "empty_texts": 1,
        "without_labels": 1,
        "duplicates": 2,
        "conflicting": 1,
    }
    test = card["splits"]["test"]
    assert (test["duplicates"], test["conflicting"], test["empty_texts"]) == (1, 0, 0)
    assert test["words_per_document"] == pytest.approx(4 / 3)
    assert card["notes"] == [
        "labels without a training document: late, only here",
    ]
    assert card["leaked"] == {"validation": 1, "test": 0}
    assert [Path(source["file"]).name for source in card["sources"]] == [
        "train.jsonl",
        "validation.jsonl",
        "test.jsonl",
    ]


def test_the_parquet_files_hold_the_documents_in_order(small):
    assert rows_of(small, "test")[2] == {"id": "10", "text": "caf\u00e9 d", "labels": ["x", "late"]}
    assert rows_of(small, "train")[4] == {"id": "5", "text": "d", "labels": []}
    assert read_ids(small, "train") == ["1", "2", "3", "4", "5"]


def test_a_document_set_without_any_label_in_a_split_keeps_its_column_type(tmp_path):
    entry = user_data(tmp_path / "in", train=[("1", "a", ["x"])], validation=[("2", "b", [])], test=[("3", "c", ["x"])])
    prepare("mine", entry, None, tmp_path)
    assert read_labels(tmp_path, "validation", ["x"]).tolist() == [[0]]


def test_card_counts_agree_with_the_label_matrices(tmp_path):
    prepare("reports", MULTI, None, tmp_path)
    card = read_card(tmp_path)
    names = label_names(card)
    for split, facts in card["splits"].items():
        members = read_labels(tmp_path, split, names)
        assert members.shape == (facts["documents"], 24)
        assert members.sum(axis=0).tolist() == [label[split] for label in card["labels"]]
        assert members.sum(axis=1).mean() == pytest.approx(facts["labels_per_document"])
    order = [(-label["train"], label["name"]) for label in card["labels"]]
    assert order == sorted(order)


def test_preparing_twice_gives_the_same_bytes(tmp_path):
    entry = MULTI | {"documents": {"train": 100, "test": 20}}
    for name in ("one", "two"):
        prepare("reports", entry, None, tmp_path / name)
    for name in ("train.parquet", "validation.parquet", "test.parquet", "card.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_class_that_train_lacks_stays_and_is_named(tmp_path):
    train = [(str(index), f"text {index}", ["often"]) for index in range(20)]
    test = [("s", "text", ["often"]), ("t", "text", ["never seen"])]
    prepare("mine", user_data(tmp_path / "in", "single", train=train, test=test), None, tmp_path)
    card = read_card(tmp_path)
    assert card["labels"][1] == {"name": "never seen", "text": "never seen", "train": 0, "validation": 0, "test": 1}
    assert card["notes"] == ["labels without a training document: never seen"]


def test_test_texts_are_looked_for_in_what_was_cut_from_train_too(tmp_path):
    train = [(str(index), f"text {index}", ["x", "y"][: index % 3]) for index in range(30)]
    test = [(f"t{index}", f"text {index}", ["x"]) for index in range(25, 35)]
    prepare("mine", user_data(tmp_path / "in", train=train, test=test) | {"validation": 0.5}, None, tmp_path)
    assert read_card(tmp_path)["leaked"] == {"validation": 0, "test": 5}


@pytest.mark.parametrize(
    ("task", "splits", "says"),
    [
        (
            "multi",
            {"train": [*GOOD, ("3", "again", ["x"])], "test": TEST},
            "id '3' occurs twice, in train and train",
        ),
        ("multi", {"train": GOOD, "test": [("3", "again", ["x"])]}, "id '3' occurs twice, in train and test"),
        ("multi", {"train": GOOD, "test": []}, "the split test has no document"),
        ("multi", {"train": [], "test": TEST}, "the split train has no document"),
        ("multi", {"train": GOOD, "validation": [], "test": TEST}, "the split validation has no document"),
        ("multi", {"train": GOOD}, "the split test has no document"),
        ("multi", {"train": GOOD, "test": TEST, "trial": TEST}, "unknown split 'trial'"),
        ("single", {"train": GOOD, "test": [("t", "text", ["x", "y"])]}, "test document 't' has 2 labels"),
        ("single", {"train": [*GOOD, ("n", "text", [])], "test": TEST}, "line 31: no label, but `task: single`"),
        ("multi", {"train": GOOD[:1], "test": TEST}, "too few to cut a validation split from"),
    ],
)
def test_mistakes_in_the_data_are_named_and_leave_no_card(tmp_path, task, splits, says):
    with pytest.raises(InputError, match=says):
        prepare("mine", user_data(tmp_path / "in", task, **splits), None, tmp_path / "out")
    assert not (tmp_path / "out" / "card.json").exists()


def test_rare_labels_are_counted_in_train_as_published_and_leave_all_splits(tmp_path):
    # Forty training documents, of which four go to validation: "all" then has 36 in train, and stays.
    train = [(str(index), f"text {index}", ["all", "most"] if index else ["all"]) for index in range(40)]
    test = [("t", "text", ["most"]), ("u", "text", ["all", "most", "new"])]
    prepare("mine", user_data(tmp_path / "in", train=train, test=test) | {"min_train_documents": 40}, None, tmp_path)
    card = read_card(tmp_path)
    assert card["labels"] == [{"name": "all", "text": "all", "train": 36, "validation": 4, "test": 1}]
    assert [row["labels"] for row in rows_of(tmp_path, "test")] == [[], ["all"]]
    assert card["splits"]["test"]["without_labels"] == 1
    assert "labels with fewer than 40 training documents, left out: 2" in card["notes"]


@pytest.mark.parametrize(
    ("task", "least", "says"),
    [("multi", 31, "no label has 31 .* has 30; lower it"), ("single", 2, "only for `task: multi`")],
)
def test_dropping_every_label_or_a_single_one_is_refused(tmp_path, task, least, says):
    entry = user_data(tmp_path / "in", task, train=GOOD, test=TEST) | {"min_train_documents": least}
    with pytest.raises(InputError, match=f"mine: min_train_documents: {says}"):
        prepare("mine", entry, None, tmp_path)


def test_the_card_names_downloaded_files_and_their_licence(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, number in (("train", 1), ("dev", 2), ("test-gold", 3)):
        (raw / f"2018-E-c-En-{name}.txt").write_text(
            f"ID\tTweet\tjoy\tfear\r\n{number}\thello {name}\t1\t{number % 2}\r\n", newline=""
        )
    file = {"file": "a.txt", "bytes": 1, "sha256": "0", "url": "https://a.test", "from": "mirror: shelf"}
    (raw / "manifest.json").write_text(json.dumps({"dataset": "semeval2018", "files": [file]}))
    prepare("semeval2018", {"reader": "semeval2018", "task": "multi"}, raw, tmp_path)
    card = read_card(tmp_path)
    assert card["sources"] == [{"file": "a.txt", "bytes": 1, "sha256": "0", "url": "https://a.test"}]
    assert "research use" in card["licence"]


@pytest.mark.parametrize(("test", "says"), [(381, None), (380, "381 test documents are published, 380 are in")])
def test_files_with_other_sizes_than_published_are_refused_where_no_checksum_holds_them(tmp_path, test, says):
    raw = tmp_path / "raw"
    raw.mkdir()
    for split, documents in (("train", 2759), ("test", test)):
        rows = [f"{n},t{n},{split} {n},o,{('hiring', 'closing')[n % 2]},,,,\n" for n in range(documents)]
        header = ",Title,Content,Target Organization,Label 1,Label 2,Label 3,Label 4,Label 5\n"
        (raw / f"{split}.csv").write_text(header + "".join(rows))
    (raw / "manifest.json").write_text(json.dumps({"dataset": "biotech", "files": []}))
    entry = {"reader": "biotech", "task": "multi"}
    if says is None:
        prepare("biotech", entry, raw, tmp_path / "out")
        return
    with pytest.raises(InputError, match=says):
        prepare("biotech", entry, raw, tmp_path / "out")
    files = {split: str(raw / f"{split}.csv") for split in ("train", "test")}
    prepare("biotech", entry | {"files": files}, None, tmp_path / "own")
    assert "in these files: 2,759 / 380" in read_card(tmp_path / "own")["notes"][0]
