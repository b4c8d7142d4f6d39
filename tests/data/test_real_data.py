"""The published files, where a mirror of them is at hand: counts as published."""

import os
from pathlib import Path

import pytest
from pushpull.data.dataset import label_texts, read_card
from pushpull.data.prepare import prepare
from pushpull.data.sources import fetch, load_sources

MIRROR = os.environ.get("PUSHPULL_MIRROR")
pytestmark = pytest.mark.skipif(not MIRROR, reason="PUSHPULL_MIRROR names no folder of downloaded files")


def card_of(dataset: str, folder: Path) -> dict:
    fetch(dataset, load_sources(dataset), folder / "raw", Path(MIRROR))
    prepare(dataset, {"reader": dataset, "task": "multi"}, folder / "raw", folder)
    return read_card(folder)


def test_reuters_has_the_published_sizes(tmp_path):
    card = card_of("reuters21578", tmp_path)
    sizes = {split: facts["documents"] for split, facts in card["splits"].items()}
    assert sizes["train"] + sizes["validation"] == 7770
    assert sizes["test"] == 3019
    assert sizes["validation"] == pytest.approx(777, abs=20)
    assert len(card["labels"]) == 90
    assert all(label["train"] and label["test"] for label in card["labels"])

    def mean(key: str) -> float:
        return sum(facts[key] * facts["documents"] for facts in card["splits"].values()) / 10_789

    assert mean("labels_per_document") == pytest.approx(1.235, abs=0.0005)
    # 129.3 was counted with control characters such as &#3; as words, about one a document; they vanish here.
    assert mean("words_per_document") == pytest.approx(129.3, rel=0.011)
    assert {"Crude Oil", "Mergers/Acquisitions", "cocoa"} <= set(label_texts(card))
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
        assert facts["words_per_document"] == pytest.approx(words, abs=0.05)
        assert facts["duplicates"] == facts["conflicting"] == 0
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
