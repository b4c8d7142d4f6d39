"""From documents to parquet files and the card."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pushpull.data.dataset import label_names, read_card, read_ids, read_labels
from pushpull.data.prepare import prepare
from pushpull.errors import InputError

MULTI = {"reader": "generated", "corpus": "multilabel", "task": "multi", "title": "Reports", "seed": 0}


def user_data(folder: Path, task: str = "multi", **splits: list[tuple]) -> dict:
    """Entry of a JSONL dataset with (id, text, labels) rows, written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        lines = [json.dumps({"nr": i, "body": text, "topics": labels}) for i, text, labels in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    files = {split: str(folder / f"{split}.jsonl") for split in splits}
    return {"reader": "jsonl", "task": task, "files": files, "id": "nr", "text": "body", "labels": "topics"}


def rows_of(folder: Path, split: str) -> list[dict]:
    return pq.read_table(folder / f"{split}.parquet").to_pylist()


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
        "validation documents whose text is also in train: 1",
    ]
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


def cut(folder: Path, **more) -> dict[str, list[str]]:
    prepare("reports", MULTI | {"documents": {"train": 900, "test": 30}} | more, None, folder)
    return {split: read_ids(folder, split) for split in ("train", "validation")}


def test_the_cut_validation_split_is_a_seeded_partition_in_file_order(tmp_path):
    first, again, other = (cut(tmp_path / str(seed), split_seed=seed // 10) for seed in (0, 1, 10))
    assert first == again
    assert first != other
    numbers = [int(name.split("-")[1]) for name in first["train"] + first["validation"]]
    assert sorted(numbers) == list(range(1, 901))
    for names in first.values():
        assert names == sorted(names, key=lambda name: int(name.split("-")[1]))
    assert read_card(tmp_path / "10")["validation_from"] == "cut from train (10 %, seed 1)"


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_the_cut_gives_every_label_its_share(tmp_path, share):
    ids = cut(tmp_path, validation=share)
    assert len(ids["validation"]) == pytest.approx(share * 900, rel=0.06)
    for label in read_card(tmp_path)["labels"]:
        both = label["train"] + label["validation"]
        assert label["validation"] == pytest.approx(share * both, abs=max(1.5, 0.05 * both)), label


def test_a_single_label_cut_is_stratified_and_leaves_lonely_classes_in_train(tmp_path):
    names = ["often"] * 60 + ["seldom"] * 20 + ["twice"] * 2 + ["once"]
    train = [(str(index), f"text {index}", [name]) for index, name in enumerate(names)]
    entry = user_data(tmp_path / "in", "single", train=train, test=[("t", "text", ["often"])])
    prepare("mine", entry, None, tmp_path)
    counts = Counter(row["labels"][0] for row in rows_of(tmp_path, "validation"))
    assert counts["often"] in (6, 7)
    assert counts["seldom"] == 2
    assert set(counts) == {"often", "seldom"}
    card = read_card(tmp_path)
    assert {label["name"]: label["train"] for label in card["labels"]}["once"] == 1
    assert "labels with a single training document, which stays in train: once" in card["notes"]


def test_a_class_that_train_lacks_stays_and_is_named(tmp_path):
    train = [(str(index), f"text {index}", ["often"]) for index in range(20)]
    test = [("s", "text", ["often"]), ("t", "text", ["never seen"])]
    prepare("mine", user_data(tmp_path / "in", "single", train=train, test=test), None, tmp_path)
    card = read_card(tmp_path)
    assert card["labels"][1] == {"name": "never seen", "text": "never seen", "train": 0, "validation": 0, "test": 1}
    assert card["notes"] == ["labels without a training document: never seen"]


def test_test_texts_are_looked_for_in_what_was_cut_from_train_too(tmp_path):
    train = [(str(index), f"text {index}", ["x"]) for index in range(30)]
    test = [(f"t{index}", f"text {index}", ["x"]) for index in range(25, 35)]
    prepare("mine", user_data(tmp_path / "in", train=train, test=test) | {"validation": 0.5}, None, tmp_path)
    assert read_card(tmp_path)["notes"] == ["test documents whose text is also in train or validation: 5"]


@pytest.mark.parametrize("seed", range(5))
def test_the_only_document_of_a_label_stays_in_train_even_with_a_large_share(tmp_path, seed):
    train = [(str(index), f"text {index}", ["common"] + ["lone"] * (index == 3)) for index in range(12)]
    entry = user_data(tmp_path / "in", train=train, test=[("t", "text", ["common"])])
    prepare("mine", entry | {"validation": 0.6, "split_seed": seed}, None, tmp_path)
    assert "3" in read_ids(tmp_path, "train")
    assert 5 <= len(read_ids(tmp_path, "validation")) <= 8


def test_documents_without_labels_are_shared_out_too(tmp_path):
    train = [(str(index), f"text {index}", ["x"] if index % 2 else []) for index in range(200)]
    prepare("mine", user_data(tmp_path / "in", train=train, test=[("t", "text", ["x"])]), None, tmp_path)
    validation = read_labels(tmp_path, "validation", ["x"])
    assert len(validation) == 20
    assert validation.sum() == 10


GOOD = [(str(index), f"text {index}", ["x"]) for index in range(30)]
TEST = [("t", "text", ["x"])]


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
        ("single", {"train": [*GOOD, ("n", "text", [])], "test": TEST}, "line 31: topics is empty, but `task: single`"),
        ("multi", {"train": GOOD[:1], "test": TEST}, "too few to cut a validation split from"),
    ],
)
def test_mistakes_in_the_data_are_named_and_leave_no_card(tmp_path, task, splits, says):
    with pytest.raises(InputError, match=says):
        prepare("mine", user_data(tmp_path / "in", task, **splits), None, tmp_path / "out")
    assert not (tmp_path / "out" / "card.json").exists()


def split_again(folder: Path, validation: int, test: int, **more) -> dict[str, list[str]]:
    """Ids per split of 5 + 2 + 3 documents a0 a1 ... c2 after a re-split."""
    splits = {
        split: [(f"{letter}{index}", "text", ["x"]) for index in range(count)]
        for split, letter, count in (("test", "c", 3), ("train", "a", 5), ("validation", "b", 2))
    }
    entry = user_data(folder / "in", **splits) | {"resplit": {"validation": validation, "test": test}}
    prepare("mine", entry | more, None, folder)
    return {split: read_ids(folder, split) for split in ("train", "validation", "test")}


def test_a_resplit_pools_all_splits_and_cuts_by_count(tmp_path):
    first, again, other = (split_again(tmp_path / str(run), 3, 2, split_seed=run // 2) for run in (0, 1, 2))
    assert first == again != other
    pooled = [f"a{index}" for index in range(5)] + ["b0", "b1", "c0", "c1", "c2"]
    for ids in (first, other):
        assert [len(names) for names in ids.values()] == [5, 3, 2]
        assert sorted(name for names in ids.values() for name in names) == pooled
        assert all(names == sorted(names) for names in ids.values())
    # The seed must give the same splits everywhere and in later versions.
    assert (first["validation"], first["test"]) == (["a1", "c0", "c1"], ["a3", "b0"])
    card = read_card(tmp_path / "2")
    assert card["validation_from"] == "split again at random (seed 1)"
    assert any("pooled and split again at random with seed 1" in note for note in card["notes"])


def test_a_resplit_of_too_few_documents_is_refused(tmp_path):
    assert [len(names) for names in split_again(tmp_path / "nine", 5, 4).values()] == [1, 5, 4]
    with pytest.raises(InputError, match="5 validation and 5 test documents are asked for, but all splits together"):
        split_again(tmp_path, 5, 5)


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


def test_a_resplit_comes_before_rare_labels_are_counted(tmp_path):
    train, test = [("a", "text", ["old"])], [(str(index), "text", ["new"]) for index in range(40)]
    entry = user_data(tmp_path / "in", train=train, test=test) | {"resplit": {"validation": 1, "test": 1}}
    prepare("mine", entry | {"min_train_documents": 30}, None, tmp_path)
    assert label_names(read_card(tmp_path)) == ["new"]


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
        (raw / f"2018-E-c-En-{name}.txt").write_text(f"ID\tTweet\tjoy\r\n{number}\thello\t1\r\n", newline="")
    file = {"file": "a.txt", "bytes": 1, "sha256": "0", "url": "https://a.test", "from": "mirror: shelf"}
    (raw / "manifest.json").write_text(json.dumps({"dataset": "semeval2018", "files": [file]}))
    prepare("semeval2018", {"reader": "semeval2018", "task": "multi"}, raw, tmp_path)
    card = read_card(tmp_path)
    assert card["sources"] == [{"file": "a.txt", "bytes": 1, "sha256": "0", "url": "https://a.test"}]
    assert "research use" in card["licence"]


def test_stratifying_ninety_long_tailed_labels_is_fair_in_total(tmp_path):
    random = np.random.default_rng(0)
    chance = np.minimum(0.5, 0.6 / np.arange(1, 91))
    rows = [[f"l{j}" for j in np.flatnonzero(random.random(90) < chance)] for _ in range(1000)]
    train = [(str(index), f"text {index}", labels) for index, labels in enumerate(rows)]
    prepare("mine", user_data(tmp_path / "in", train=train, test=TEST), None, tmp_path)
    off = [
        abs(label["validation"] - 0.1 * (label["train"] + label["validation"]))
        for label in read_card(tmp_path)["labels"]
    ]
    assert np.mean(off) < 0.7
    assert max(off) < 3
