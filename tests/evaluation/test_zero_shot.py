"""Zero-shot scores against one pair at a time and against the pipeline of transformers; the script, with and without
weights."""

import csv
import json
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
import torch
from pushpull.data.dataset import iterate_texts, label_names, read_card, read_labels
from pushpull.data.label_texts import label_texts
from pushpull.encoders.nli import Nli
from pushpull.errors import InputError
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.dbc import thresholds
from pushpull.evaluation.models import zero_shot
from pushpull.evaluation.protocols import read_decisions
from sklearn.metrics import f1_score
from transformers import pipeline

SCRIPT = Path(__file__).parents[2] / "workflow_scripts" / "zero_shot.py"
CARD = {"hub": "some-body/some-nli", "revision": "89abcdef" * 5, "nli": True}
LABELS = ["grain", "ships and harbours", "a label {with braces}"]
TEXTS = ["ships", "The harbour was closed; the ships of the company waited there for a week.", "", "Grain was short."]


@pytest.fixture(scope="module")
def nli(random_nli) -> Nli:
    tokenizer, model = random_nli(["contradiction", "neutral", "entailment"])
    return Nli(model, tokenizer, entailment=2, contradiction=0, longest=512)


def one_at_a_time(nli: Nli, text: str, label: str, max_tokens: int) -> float:
    premise = nli.tokenizer.decode(
        nli.tokenizer(text, truncation=True, max_length=max_tokens)["input_ids"], skip_special_tokens=True
    )
    pair = nli.tokenizer(premise, f"This text is about {label}.", return_tensors="pt")
    with torch.no_grad():
        no, _, yes = nli.model.cpu()(**pair).logits[0].double().exp()
    return float(yes / (yes + no))


@pytest.mark.parametrize("max_tokens", [6, 32])
def test_scores_are_those_of_one_pair_at_a_time_whatever_the_batches(nli, max_tokens, monkeypatch):
    monkeypatch.setattr(zero_shot, "BATCH", 5)
    scores = zero_shot.score_documents(nli, [TEXTS[:3], TEXTS[3:]], 4, LABELS, max_tokens)
    expected = [[one_at_a_time(nli, text, label, max_tokens) for label in LABELS] for text in TEXTS]
    assert scores.dtype == np.float32 and scores.shape == (4, 3)
    assert np.ptp(scores) > 0.1
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-5)


def test_scores_are_those_of_the_zero_shot_pipeline(nli):
    scores = zero_shot.score_documents(nli, [TEXTS[:2] + TEXTS[3:]], 3, LABELS, 512)
    classify = pipeline("zero-shot-classification", model=nli.model.cpu(), tokenizer=nli.tokenizer, device="cpu")
    found = classify(
        TEXTS[:2] + TEXTS[3:], candidate_labels=LABELS, hypothesis_template="This text is about {}.", multi_label=True
    )
    expected = [[dict(zip(one["labels"], one["scores"], strict=True))[label] for label in LABELS] for one in found]
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-5)


def test_a_text_gives_way_where_the_pair_is_too_long_for_the_model(nli):
    short = nli._replace(longest=20)
    found = zero_shot.score_documents(short, [[TEXTS[1]]], 1, LABELS, 300)
    longest = max(len(nli.tokenizer("a", f"This text is about {label}.")["input_ids"]) - 3 for label in LABELS)
    np.testing.assert_array_equal(found, zero_shot.score_documents(nli, [[TEXTS[1]]], 1, LABELS, 20 - longest))
    assert np.abs(found - zero_shot.score_documents(nli, [[TEXTS[1]]], 1, LABELS, 300)).max() > 1e-3


def test_half_and_every_threshold_rule_decide_both_splits():
    generator = np.random.default_rng(0)
    validation, test = generator.random((2, 30, 4), np.float32) ** 2
    truth = generator.random((30, 4)) < validation
    decisions = zero_shot.decide(validation, truth, test)
    assert decisions.keys() == {"half", *dbc.DBC_RULES}
    cuts = {"half": 0.5, "per_label": thresholds.per_label_grid(validation, truth)}
    for rule, cut in cuts.items():
        for decided, scores in zip(decisions[rule], (validation, test), strict=True):
            np.testing.assert_array_equal(decided, scores >= cut)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty hub's cache, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def run_script(data: Path, folder: Path) -> tuple[list[list[str]], dict]:
    """Run the script; return the rows of metrics.csv and run.json."""
    settings = {"kind": "zero_shot", "max_tokens": 16, "clean_text": False, "label_text": "name"}
    job = SimpleNamespace(
        input=SimpleNamespace(card=str(data / "card.json"), label_texts=[]),
        output=SimpleNamespace(
            scores=str(folder / "zero_shot"),
            **{name: str(folder / f"{name}.{end}") for name, end in (("metrics", "csv"), ("history", "csv"))},
            run=str(folder / "run.json"),
        ),
        params=SimpleNamespace(settings=settings, card=CARD, record={"method": "zero_shot", "seed": 1}, code="c0de"),
        log=[str(folder / "zero_shot.log")],
        threads=1,
        resources={},
    )
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
    with (folder / "metrics.csv").open(newline="") as stream:
        return list(csv.reader(stream)), json.loads((folder / "run.json").read_text())


def test_the_script_scores_decides_and_measures(nli, tiny_data, cache, tmp_path):
    folder = cache / "models--some-body--some-nli" / "snapshots" / CARD["revision"]
    nli.model.save_pretrained(folder)
    nli.tokenizer.save_pretrained(folder)
    (_, *rows), record = run_script(tiny_data, tmp_path / "run")
    values = {tuple(row[:3]): float(row[3]) for row in rows}
    assert record["code"] == "c0de" and "skipped" not in record and record["data"]["test"]
    card = read_card(tiny_data)
    texts = [text for block in iterate_texts(tiny_data, "test") for text in block]
    expected = zero_shot.score_documents(nli, [texts], len(texts), label_texts(card, None, "name"), 16)
    scores = np.load(tmp_path / "run/zero_shot/test.npy", allow_pickle=False)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)
    truth = {split: read_labels(tiny_data, split, label_names(card)) for split in ("validation", "test")}
    decisions = read_decisions(tmp_path / "run/zero_shot")
    assert set(decisions) == {"half", *dbc.DBC_RULES}
    np.testing.assert_array_equal(decisions["half"]["test"], scores >= 0.5)
    for rule, by_split in decisions.items():
        name = "zero_shot" if rule == "half" else f"zero_shot_{rule}"
        for split, decided in by_split.items():
            f1 = f1_score(truth[split], decided, average="macro", zero_division=0)
            assert values[name, split, "macro_f1"] == pytest.approx(f1)
    assert values["zero_shot_exact", "validation", "macro_f1"] > 0.1


def test_absent_weights_skip_the_run_and_say_why(tiny_data, cache, tmp_path, capsys):
    shutil.rmtree(cache, ignore_errors=True)
    rows, record = run_script(tiny_data, tmp_path / "run")
    assert rows == [["protocol", "split", "metric", "value"]]
    assert CARD["hub"] in record["skipped"] and CARD["revision"] in record["skipped"]
    assert "hf download" in record["skipped"]
    assert "skipped: the weights of some-body/some-nli" in (tmp_path / "run/zero_shot.log").read_text()
    assert not list(tmp_path.rglob("*.np[yz]"))


def test_a_score_that_is_no_number_is_refused_with_its_row():
    labels, test = np.eye(2, dtype=np.uint8), np.array([[0.5, 0.5], [np.nan, 0.5]], np.float32)
    with pytest.raises(InputError, match="test scores: row 1"):
        zero_shot.decide(np.eye(2, dtype=np.float32), labels, test)
