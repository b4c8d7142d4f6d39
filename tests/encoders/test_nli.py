"""Models of natural language inference: from the hub's cache, their answers, pairs as their tokenizers make them."""

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import RevisionNotFoundError
from pushpull.encoders import nli as nli_module
from pushpull.encoders.nli import (
    AbsentWeightsError,
    entailment,
    load_nli,
    pair_batch,
    tokenise_hypotheses,
    tokenise_premises,
)
from pushpull.errors import InputError
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

CARD = {"hub": "some-body/some-nli", "revision": "0123456789abcdef" * 2 + "01234567", "nli": True}
THREE = ["contradiction", "neutral", "entailment"]
TEXTS = ["ships", "The harbour was closed; all the ships of the company waited for a week.", "", "Grain was short."]
SENTENCES = ["This text is about grain.", "This text is about ships and harbours of the north."]


@pytest.fixture
def save(random_nli) -> Callable:
    """A model with random weights in a hub's cache; returns its folder."""

    def saved(cache: Path, answers: list[str], dtype: torch.dtype = torch.float32) -> Path:
        folder = cache / "models--some-body--some-nli" / "snapshots" / CARD["revision"]
        tokenizer, model = random_nli(answers)
        model.to(dtype).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return saved


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty hub's cache, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.parametrize(
    ("answers", "columns"),
    [
        (THREE, (2, 0)),
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], (0, 2)),
        (["entailment", "contradiction", "neutral"], (0, 1)),
        (["entailment", "not_entailment"], (0, 1)),
        (["other", "entailment"], (1, 0)),
    ],
)
def test_the_answers_are_found_by_their_names(answers, columns, cache, save):
    save(cache, answers)
    nli = load_nli(CARD)
    assert (nli.entailment, nli.contradiction) == columns
    assert nli.longest == 512


@pytest.mark.parametrize("answers", [["LABEL_0", "LABEL_1"], ["entailment", "a", "b"], ["not_entailment", "other"]])
def test_a_model_without_the_answers_is_refused(answers, cache, save):
    save(cache, answers)
    with pytest.raises(InputError, match=f"some-body/some-nli: its answers are {', '.join(answers)}; wanted"):
        load_nli(CARD)


def test_cached_weights_are_opened_in_float32_and_no_network_is_asked(cache, monkeypatch, save):
    folder = save(cache, THREE, torch.float16)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    found = load_nli(CARD).model
    saved = BertForSequenceClassification.from_pretrained(folder, dtype=torch.float16).state_dict()
    assert not found.training
    for name, weights in found.state_dict().items():
        assert not weights.is_floating_point() or weights.dtype == torch.float32
        torch.testing.assert_close(weights, saved[name].to(weights.dtype), rtol=0, atol=0)


def test_absent_weights_say_what_to_fetch(cache):
    with pytest.raises(AbsentWeightsError) as absent:
        load_nli(CARD)
    message = str(absent.value)
    assert f"hf download some-body/some-nli --revision {CARD['revision']}" in message
    assert "HF_HOME" in message and "--forcerun fetch_encoder" in message
    assert "\n" not in message


@pytest.mark.parametrize("lacking", ["model.safetensors", "tokenizer_config.json"])
def test_a_cache_with_a_part_of_the_files_is_none(lacking, cache, save):
    folder = save(cache, THREE)
    (folder / lacking).rename(folder / "pytorch_model.bin")
    with pytest.raises(AbsentWeightsError):
        load_nli(CARD)


def test_a_revision_that_does_not_exist_is_a_mistake_not_an_absence(cache, monkeypatch):
    def answer(*_, **__):
        error = RevisionNotFoundError.__new__(RevisionNotFoundError)
        Exception.__init__(error, "404")
        raise error

    monkeypatch.setattr(nli_module, "snapshot_download", answer)
    with pytest.raises(InputError, match=f"some-nli at revision {CARD['revision']}") as mistake:
        load_nli(CARD)
    assert not isinstance(mistake.value, AbsentWeightsError)


def byte_pairs_like() -> PreTrainedTokenizerFast:
    """Words, with the special tokens of RoBERTa and BART: two between premise and hypothesis, and no types."""
    words = {word for text in TEXTS + SENTENCES for word in text.replace(".", "").replace(";", "").split()}
    vocabulary = {word: n for n, word in enumerate(["<s>", "</s>", "<pad>", "<unk>", *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", model_input_names=["input_ids", "attention_mask"]
    )


@pytest.mark.parametrize("style", ["bert", "roberta"])
def test_pairs_are_those_of_the_tokenizer_with_the_premise_cut(style, cache, save):
    if style == "bert":
        save(cache, THREE)
        nli = load_nli(CARD)
    else:
        nli = SimpleNamespace(tokenizer=byte_pairs_like())
    premises, hypotheses = tokenise_premises(nli, TEXTS, 7), tokenise_hypotheses(nli, SENTENCES)
    rows, columns = np.array([1, 0, 2, 1, 3]), np.array([0, 1, 1, 1, 0])
    batch = pair_batch(nli, premises, hypotheses, rows, columns)
    assert premises.lengths.max() == 7
    assert set(batch) == set(nli.tokenizer.model_input_names)
    assert batch["input_ids"].shape == (5, 7 + hypotheses.lengths[1])
    for index, (row, column) in enumerate(zip(rows, columns, strict=True)):
        longest = 7 + int(hypotheses.lengths[column])
        alone = nli.tokenizer(TEXTS[row], SENTENCES[column], truncation="only_first", max_length=longest)
        for key, values in batch.items():
            padding = nli.tokenizer.pad_token_id if key == "input_ids" else 0
            expected = alone[key] + [padding] * (values.shape[1] - len(alone[key]))
            assert values[index].tolist() == expected


def test_pairs_in_another_order_are_refused():
    tokenizer = byte_pairs_like()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", "<s> $B:1 </s> $A:0 </s>", [("<s>", 0), ("</s>", 1)]
    )
    nli = SimpleNamespace(tokenizer=tokenizer, model=SimpleNamespace(config=SimpleNamespace(name_or_path="odd/one")))
    with pytest.raises(InputError, match="odd/one: its pairs do not begin with the premise"):
        tokenise_hypotheses(nli, SENTENCES)


def test_neutral_does_not_count():
    logits = torch.tensor([[0.0, 9.0, 0.0], [np.log(3), -5.0, 0.0], [0.0, 2.0, np.log(4)]])
    nli = SimpleNamespace(model=lambda **_: SimpleNamespace(logits=logits), entailment=2, contradiction=0)
    torch.testing.assert_close(entailment(nli, {}), torch.tensor([0.5, 0.25, 0.8]))
