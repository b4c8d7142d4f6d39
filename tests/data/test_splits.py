"""Validation documents cut from train, and splits made again from all documents."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from own_data import MULTI, TEST, rows_of, user_data
from pushpull.data.dataset import label_names, read_card, read_ids, read_labels
from pushpull.data.documents import Document
from pushpull.data.prepare import prepare
from pushpull.data.splits import checked
from pushpull.errors import InputError


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
    assert len(ids["validation"]) == share * 900
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


@pytest.mark.parametrize("seed", range(5))
def test_the_only_document_of_a_label_stays_in_train_even_with_a_large_share(tmp_path, seed):
    train = [(str(index), f"text {index}", ["common"] + ["lone"] * (index == 3)) for index in range(12)]
    entry = user_data(tmp_path / "in", train=train, test=[("t", "text", ["common"])])
    prepare("mine", entry | {"validation": 0.6, "split_seed": seed}, None, tmp_path)
    assert "3" in read_ids(tmp_path, "train")
    assert len(read_ids(tmp_path, "validation")) == 7


def test_documents_without_labels_are_shared_out_too(tmp_path):
    train = [(str(index), f"text {index}", ["x"] if index % 2 else []) for index in range(200)]
    prepare("mine", user_data(tmp_path / "in", train=train, test=[("t", "text", ["x"])]), None, tmp_path)
    validation = read_labels(tmp_path, "validation", ["x"])
    assert len(validation) == 20
    assert validation.sum() == 10


def few_shot(folder: Path, label_sets: list[list[str]], share: float) -> dict:
    """Card of a dataset with these training documents, of which a share is cut off."""
    train = [(str(index), f"text {index}", labels) for index, labels in enumerate(label_sets)]
    entry = user_data(folder / "in", train=train, test=[("t", "text", label_sets[0])])
    prepare("mine", entry | {"validation": share}, None, folder)
    return read_card(folder)


@pytest.mark.parametrize(
    ("label_sets", "share", "cut"),
    [
        ([[f"class {index % 77}"] for index in range(308)], 0.1, 31),
        ([[f"class {index % 77}"] for index in range(385)], 0.1, 38),
        ([[f"class {index % 15}"] for index in range(20)], 0.1, 2),
        ([[f"label {index}", f"label {(index + 1) % 200}"] for index in range(200)], 0.25, 50),
        ([["x"], ["x"], []], 0.1, 1),
    ],
)
def test_few_documents_a_label_give_the_share_asked_for(tmp_path, label_sets, share, cut):
    card = few_shot(tmp_path, label_sets, share)
    assert card["splits"]["validation"]["documents"] == cut
    assert card["validation_from"] == f"cut from train ({100 * share:g} %, seed 0)"
    assert all(label["train"] >= 1 for label in card["labels"])
    assert not any("asked" in note or "cut off" in note for note in card["notes"])


def test_a_cut_that_singletons_keep_small_says_how_small_and_why(tmp_path):
    label_sets = [["common", f"lone {index}"] for index in range(195)] + [["common"]] * 5
    card = few_shot(tmp_path, label_sets, 0.1)
    assert card["splits"]["validation"]["documents"] == 5
    assert card["validation_from"] == "cut from train (2.5 % of the 10 % asked for, seed 0)"
    assert (
        "10 % of the 200 training documents were to be cut off, 5 are: each of the others is the last one that a label "
        "has in train"
    ) in card["notes"]


def test_documents_that_are_each_the_last_of_a_label_cannot_be_cut(tmp_path):
    with pytest.raises(InputError, match=r"40 training documents are too few .* each is the last one of a label"):
        few_shot(tmp_path, [[f"lone {index}"] for index in range(40)], 0.1)


def split_again(folder: Path, validation: int, test: int, **more) -> dict[str, list[str]]:
    """Ids per split of 5 + 2 + 3 documents a0 a1 ... c2 after a re-split."""
    splits = {
        split: [(f"{letter}{index}", f"text {letter} {index}", ["x", letter]) for index in range(count)]
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


def test_a_resplit_comes_before_rare_labels_are_counted(tmp_path):
    train, test = [("a", "text", ["old"])], [(str(index), f"text {index}", ["new"]) for index in range(40)]
    test += [(f"b{index}", f"text b {index}", []) for index in range(9)]
    entry = user_data(tmp_path / "in", train=train, test=test) | {"resplit": {"validation": 1, "test": 1}}
    prepare("mine", entry | {"min_train_documents": 30}, None, tmp_path)
    assert label_names(read_card(tmp_path)) == ["new"]


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


def test_a_label_that_a_reader_gives_twice_is_refused():
    rows = [Document("n", "a text", ("a", "b", "a"))]
    with pytest.raises(InputError, match="train document 'n' has a label twice: a, b, a"):
        list(checked("mine", "multi", {"train": rows, "test": rows})["train"])
