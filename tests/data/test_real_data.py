"""The published files, where a mirror of them is at hand: counts as published."""

import csv
import gzip
import os
import shutil
from pathlib import Path

import pytest
from pushpull.data import readers
from pushpull.data.dataset import read_card
from pushpull.data.facts import published
from pushpull.data.label_texts import FORMS, label_texts
from pushpull.data.prepare import prepare
from pushpull.data.readers.rcv1_files import topic_texts
from pushpull.data.readers.rcv1_v2_xml import with_ancestors
from pushpull.data.sources import fetch

MIRROR = os.environ.get("PUSHPULL_MIRROR")
pytestmark = pytest.mark.skipif(not MIRROR, reason="PUSHPULL_MIRROR names no folder of downloaded files")


def card_of(dataset: str, folder: Path, **given) -> dict:
    fetch(dataset, published({"reader": dataset}), folder / "raw", Path(MIRROR), folder / "checksums.json")
    prepare(dataset, {"reader": dataset, "task": "multi"} | given, folder / "raw", folder)
    return read_card(folder)


def assert_own_texts(card: dict) -> None:
    path = Path(__file__).parents[2] / "labels" / f"{card['dataset']}.csv"
    for form in FORMS:
        assert len(set(label_texts(card, path, form))) == len(card["labels"])


def test_reuters_has_the_published_sizes(tmp_path):
    card = card_of("reuters21578", tmp_path)
    sizes = {split: facts["documents"] for split, facts in card["splits"].items()}
    assert sizes["train"] + sizes["validation"] == 7770
    assert sizes["test"] == 3019
    assert sizes["validation"] == 777
    assert len(card["labels"]) == 90
    assert all(label["train"] and label["test"] for label in card["labels"])

    def mean(key: str) -> float:
        return sum(facts[key] * facts["documents"] for facts in card["splits"].values()) / 10_789

    assert mean("labels_per_document") == pytest.approx(1.235, abs=0.0005)
    # 129.3 was counted with control characters such as &#3; as words, about one a document; they vanish here.
    assert mean("words_per_document") == pytest.approx(129.3, rel=0.011)
    assert {"Crude Oil", "Mergers/Acquisitions", "cocoa"} <= set(label_texts(card, None, "readable"))
    assert_own_texts(card)
    for label in card["labels"]:
        both = label["train"] + label["validation"]
        assert label["validation"] == pytest.approx(0.1 * both, abs=1.5)


def test_semeval_has_the_published_sizes(tmp_path):
    card = card_of("semeval2018", tmp_path)
    published = {
        "train": (6838, 2.347, 204, 16.1),
        "validation": (886, 2.439, 14, 15.9),
        "test": (3259, 2.415, 75, 15.9),
    }
    for split, (documents, labels, without, words) in published.items():
        facts = card["splits"][split]
        assert facts["documents"] == documents
        assert facts["without_labels"] == without
        assert facts["labels_per_document"] == pytest.approx(labels, abs=0.0006)
        assert facts["words_per_document"] == pytest.approx(words, abs=0.08)  # counted with `one\ntwo` as one word
        # Seven tweets are there twice, once with its emoji cut to 16 bits.
        assert (facts["duplicates"], facts["conflicting"]) == ((7, 6) if split == "train" else (0, 0))
    names = [
        "anger",
        "anticipation",
        "disgust",
        "fear",
        "joy",
        "love",
        "optimism",
        "pessimism",
        "sadness",
        "surprise",
        "trust",
    ]
    assert sorted(label["name"] for label in card["labels"]) == names
    assert_own_texts(card)


@pytest.mark.parametrize(
    ("view", "labels", "mean", "rarest", "most_frequent"),
    [("iptc", 17, 1.541, ("weather", 4), ("politics", 1116)),
     ("event_types", 12, 1.984, ("Manufacture", 17), ("Unknown", 1038))],
)  # fmt: skip
def test_eventdna_has_the_counted_sizes_in_both_views(tmp_path, view, labels, mean, rarest, most_frequent):
    card = card_of("eventdna", tmp_path, labels=view, validation=0.125)
    facts = card["splits"].values()
    documents = [split["documents"] for split in facts]
    assert sum(documents) == 1771
    assert documents == [1240, 177, 354]
    total = sum(split["labels_per_document"] * split["documents"] for split in facts)
    assert total / 1771 == pytest.approx(mean, abs=0.0005)
    words = sum(split["words_per_document"] * split["documents"] for split in facts)
    assert words / 1771 == pytest.approx(59.9, abs=0.05)
    assert not any(split["without_labels"] or split["empty_texts"] for split in facts)
    counts = {label["name"]: label["train"] + label["validation"] + label["test"] for label in card["labels"]}
    assert len(counts) == labels
    assert counts[rarest[0]] == rarest[1] == min(counts.values())
    assert counts[most_frequent[0]] == most_frequent[1] == max(counts.values())
    for label in card["labels"]:  # stratified: a fifth of every label
        assert label["test"] == pytest.approx(0.2 * counts[label["name"]], abs=2, rel=0.05)
    if view == "iptc":
        assert_own_texts(card)


def aapd(train: Path, test: Path):
    return readers.read({"reader": "aapd", "files": {"train": str(train), "test": str(test)}}, None)


def test_aapd_is_the_same_from_json_csv_and_tsv_with_the_published_means(tmp_path):
    """Of AAPD only the usual validation and test documents are at hand: validation stands in for train here."""
    folder = Path(MIRROR) / "aapd"
    documents = aapd(folder / "val.json.gz", folder / "test.json.gz")
    means = {"train": (2.400, 162.1), "test": (2.421, 163.5)}
    for split, (labels, words) in means.items():
        rows = documents.splits[split]
        assert len(rows) == 1000
        assert sum(len(row.labels) for row in rows) / 1000 == pytest.approx(labels, abs=0.0006)
        assert sum(len(row.text.split()) for row in rows) / 1000 == pytest.approx(words, abs=0.06)
    assert {label for rows in documents.splits.values() for row in rows for label in row.labels} == set(
        documents.label_texts
    )
    assert len(documents.label_texts) == 54

    tables = {"train": folder / "dev.csv.gz", "test": folder / "test.csv.gz"}
    assert aapd(**tables).splits == documents.splits
    for split, path in tables.items():
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            _, *rows = csv.reader(stream)
        lines = (f"{''.join(bits)}\t{text}\n" for text, *bits in rows)
        (tmp_path / f"{split}.tsv").write_text("".join(lines), encoding="utf-8")
    assert aapd(tmp_path / "train.tsv", tmp_path / "test.tsv").splits == documents.splits


def test_the_slice_of_rcv1_has_the_counted_sizes(tmp_path):
    """One file as train, with a word before each text, and as test: 10 % of the training documents is all there is."""
    path = Path(MIRROR) / "rcv1_v2" / "rcv1_dev.json.gz"
    shutil.copy(path, tmp_path)
    with gzip.open(path, "rt", encoding="utf-8") as lines, (tmp_path / "train.json").open("w") as train:
        train.writelines(line.replace('"doc_token": [', '"doc_token": ["seen", ') for line in lines)
    entry = {"reader": "rcv1_v2_json", "task": "multi"}
    entry["files"] = {"train": str(tmp_path / "train.json"), "test": str(tmp_path / path.name)}
    prepare("slice", entry | {"validation": 0.15}, None, tmp_path / "all")
    card = read_card(tmp_path / "all")
    facts = card["splits"]["test"]
    assert facts["documents"] == 2316
    assert facts["labels_per_document"] == pytest.approx(3.200, abs=0.0005)
    assert facts["words_per_document"] == pytest.approx(135.3, abs=0.05)
    assert facts["duplicates"] == 10
    assert len(card["labels"]) == 98
    assert card["splits"]["validation"]["documents"] == round(0.15 * 2316)

    shutil.copy(path.with_name("rcv1.label_meaning"), tmp_path)
    prepare("slice", entry | {"min_train_documents": 30}, None, tmp_path / "frequent")
    frequent = read_card(tmp_path / "frequent")
    kept = {label["name"] for label in card["labels"] if label["test"] >= 30}
    assert {label["name"] for label in frequent["labels"]} == kept
    assert f"labels with fewer than 30 training documents, left out: {103 - len(kept)}" in frequent["notes"]
    assert all(label["text"] != label["name"] for label in frequent["labels"])


def test_the_hierarchy_of_rcv1_is_in_its_codes():
    folder = Path(MIRROR) / "rcv1_v2"
    nodes = [line.split() for line in (folder / "rcv1.taxonomy").read_text().splitlines()]
    parents = {child: parent for parent, *children in nodes for child in children}
    assert len(parents) == 103
    assert set(topic_texts(folder)) == set(parents)
    for topic in parents:
        lineage = [topic]
        while parents[lineage[-1]] != "Root":
            lineage.append(parents[lineage[-1]])
        assert with_ancestors(topic) == lineage
