"""Data that cannot mean what the user thinks is refused, or warned of in the card and on the terminal."""

import pytest
from own_data import user_data
from pushpull.data.dataset import read_card
from pushpull.data.prepare import prepare
from pushpull.errors import InputError


def rows(count: int, split: str = "train", names: tuple[str, ...] = ("x", "y")) -> list[tuple]:
    """Documents with none, one or two of the labels, and texts of their own."""
    return [(f"{split}{n}", f"{split} text {n}", list(names[: n % (len(names) + 1)])) for n in range(count)]


def alike(label: str, *splits: str) -> dict[str, list[tuple]]:
    """Splits of documents that all have this label alone."""
    return {split: [(f"{split}{n}", f"{split} {n}", [label]) for n in range(20)] for split in splits}


def warned(folder, task: str = "multi", more: dict | None = None, **splits) -> list[str]:
    """Warnings of the card of a dataset with these splits."""
    splits = {"train": rows(60), "validation": rows(20, "validation"), "test": rows(30, "test")} | splits
    entry = user_data(folder / "in", task, **{name: found for name, found in splits.items() if found}) | (more or {})
    prepare("mine", entry, None, folder / "out")
    return read_card(folder / "out")["warnings"]


def test_data_that_are_well_are_not_warned_of(tmp_path, capsys):
    assert warned(tmp_path) == []
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "splits", "says"),
    [
        ("multi", {"train": rows(60, names=())}, "no training document has a label; look at `labels:`"),
        ("multi", alike("x", "train", "test"), "every document has the same label, 'x'"),
        ("single", alike("a", "train", "validation", "test"), "every document has the same label, 'a'"),
        (
            "multi",
            {"test": [(f"t{n}", *row[1:]) for n, row in enumerate(rows(60))]},
            "each of the 60 test texts is",
        ),
    ],
)
def test_data_that_no_score_could_speak_of_are_refused_and_nothing_is_written(tmp_path, task, splits, says):
    splits = splits | ({"validation": None} if "train" in splits and len(splits) == 2 else {})
    with pytest.raises(InputError, match=says):
        warned(tmp_path, task, **splits)
    assert not list((tmp_path / "out").glob("*"))


MANY = [(str(n), f"text {n}", [f"label {n}", f"label {n + 1}"]) for n in range(60)]


@pytest.mark.parametrize(
    ("splits", "says"),
    [
        ({"train": rows(60, names=("x",)), "validation": None, "test": rows(9, "test", ("x",))}, "one label only, 'x'"),
        ({"train": MANY}, "63 labels for 60 training documents"),
        (
            {"train": [*rows(12), *[(f"n{n}", f"nothing {n}", []) for n in range(48)]]},
            "52 of 60 training documents",
        ),
        ({"validation": rows(61, "validation")}, "validation has 61 documents, more than train with 60"),
        ({"test": rows(30, "test", ("X ", "z"))}, "30 of 30 test labels are none that a training document has"),
        ({"test": rows(30, "test", ("X", "y"))}, "labels that differ in capitals or blanks alone: 'X', 'x'"),
        ({"test": rows(30, "test", ("x", "y\u200b"))}, "labels that differ in capitals or blanks alone"),
        ({"train": [*rows(60), ("n", "something", ["N/A"])]}, "there are labels that may mean none: 'N/A'"),
        ({"train": [*rows(60), ("e1", "", ["x"]), ("e2", " ", ["y"])]}, "2 of 112 texts are empty"),
        (
            {"test": [*rows(30, "test"), *[(f"l{n}", f"train text {n}", ["x"]) for n in range(2)]]},
            "2 of 32 test texts are",
        ),
        ({"validation": [("v", "train text 3", ["x"])]}, "1 of 1 validation texts are also in an earlier split"),
    ],
)
def test_data_that_are_seldom_meant_so_are_warned_of_in_card_and_terminal(tmp_path, capsys, splits, says):
    found = warned(tmp_path, **splits)
    assert [warning for warning in found if says in warning], found
    printed = capsys.readouterr().err
    assert all(f"warning: mine: {warning}" in printed for warning in found)


def test_one_label_for_each_of_many_documents_may_be_a_single_label_task(tmp_path):
    alone = {name: [(f"{name}{n}", f"{name} {n}", ["ab"[n % 2]]) for n in range(70)] for name in ("train", "test")}
    found = warned(tmp_path / "multi", validation=None, **alone)
    assert found == ["every document has exactly one label; with `task: single` its methods and scores apply"]
    assert warned(tmp_path / "single", "single", validation=None, **alone) == []


def test_leaked_documents_are_counted_in_one_place(tmp_path):
    again = [("a", "train text 3", ["x"]), ("b", "validation text 4", ["y"]), *rows(60, "test")]
    assert warned(tmp_path, test=again) == []
    card = read_card(tmp_path / "out")
    assert card["leaked"] == {"validation": 0, "test": 2}
    assert not [note for note in card["notes"] if "also in" in note]
