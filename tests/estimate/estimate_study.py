"""A small study, dataset sizes and recorded files, for the tests of the estimate."""

import json
from pathlib import Path

import plan_study
from pushpull.estimate.encoders import encoder_of
from pushpull.estimate.workload import SPLITS, Sizes
from pushpull.kinds import defaults
from workflow_runs import SHIPPED

WORDPIECE, BYTE_PAIRS, WORDS = "wordpiece", "bpe", "words"
# 100, 20 and 40 documents of 50 words; Reuters-21578 has 1.37 tokens a word: 68.5 + 2 = 70.5 tokens, cut at 60.
SMALL = Sizes(
    {"train": 100, "validation": 20, "test": 40}, dict.fromkeys(("train", "validation", "test"), 50), 7, "csv", ""
)
AAPD = {"title": "AAPD", "task": "multi", "reader": "aapd", "printed_as": {"abalone": "AAPD"}}
UK_LEX = {"title": "UK-LEX", "task": "multi", "reader": "uk_lex", "printed_as": {"abalone": "UK-LEX"}}
MINE = {
    "title": "Mine",
    "task": "multi",
    "reader": "csv",
    "files": {"train": "a.csv", "test": "b.csv"},
    "text": "t",
    "labels": "l",
}
MINILM, ROBERTA, BERT = (encoder_of(name, SHIPPED["encoders"][name], 7) for name in ("minilm", "roberta", "bert"))


def settings_of(kind: str, **given) -> dict:
    return defaults(kind) | {"kind": kind, "max_tokens": 60, "epochs": 3, **given}


def config_of(*experiments: dict, seeds: tuple[int, ...] = (1, 2)) -> dict:
    """A checked configuration with the study `own`; the datasets `aapd` and `uk_lex` have printed sizes only."""
    common = {"papers": ["abalone"], "datasets": ["aapd"], "encoders": ["roberta"]}
    datasets = {"aapd": AAPD, "uk_lex": UK_LEX, "mine": MINE}
    return plan_study.config_of(list(experiments), seeds, common, datasets)


def put(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def put_card(dataset: str, documents: tuple[int, int, int], words: tuple[float, float, float]) -> None:
    facts = {
        name: {"documents": count, "words_per_document": mean}
        for name, count, mean in zip(SPLITS, documents, words, strict=True)
    }
    put(Path(f"results/data/{dataset}/card.json"), {"splits": facts, "labels": [{"name": "a"}, {"name": "b"}]})


PUSH_PULL = (
    {
        "papers": ["push_pull"],
        "encoders": ["minilm"],
        "methods": {"pretrained": None, "bce": None, "text_to_label": None, "cosine_bce": None, "focal": None},
    },
    {"papers": ["push_pull"], "encoders": ["deberta_nli"], "methods": {"zero_shot": None}},
)
