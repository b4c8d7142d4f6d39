"""Encoder cards of a hub: modules as published, prompts, lengths, and code that runs only where a card allows it.

The hub is a folder here, laid out as its cache: a tiny BERT with random weights, a dense layer and a normalisation.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_modules import CODE, MASKED
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import embed, open_encoder, save_encoder, tokenise
from pushpull.encoders.sentence import load_encoder
from pushpull.errors import InputError
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import BoW, Dense, Normalize, Pooling, Transformer
from transformers import T5Config, T5EncoderModel, T5Model

ROOT = Path(__file__).parents[2]
NAME, REVISION, NEWER = "some-owner/some-encoder", "a1" * 20, "b2" * 20
CARD = {"title": "Some", "hub": NAME, "revision": REVISION, "pooling": "published"}
PROMPTS = {"text": "about: ", "label": "topic: "}
TEXTS = [
    "the harbour was closed",
    "",
    "a much longer report about ships, cranes and the weather in the north of the country",
    "grain",
]
# Twice the hidden states of BERT, by a buffer that no file holds; and a file that says that this line was run.


@pytest.fixture
def published(tiny_encoder, tmp_path) -> SentenceTransformer:
    """What the hub holds: BERT, the mean over tokens, a dense layer to 12 values, and a normalisation."""
    torch.manual_seed(1)
    dense = Dense(32, 12, activation_function=torch.nn.Identity())
    save_encoder(tiny_encoder, tmp_path / "bert")
    transformer = Transformer(str(tmp_path / "bert"))
    return SentenceTransformer(modules=[transformer, Pooling(32, "mean"), dense, Normalize()], device="cpu")


@pytest.fixture
def hub(published, tmp_path, monkeypatch) -> Path:
    """The encoder's folder in the cache of a hub that is out of reach."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "hub" / f"models--{NAME.replace('/', '--')}" / "snapshots" / REVISION
    published.save(str(folder), create_model_card=False)
    yield folder
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]


@pytest.fixture
def marker(hub, tmp_path) -> Path:
    """Gives the hub's encoder code of its own; the file that is there once the code was run."""
    marker = tmp_path / "marker"
    (hub / "modeling_twice.py").write_text(CODE.format(marker=str(marker), factor=2))
    change(hub / "config.json", auto_map={"AutoModel": "modeling_twice.TwiceBert"})
    return marker


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def vectors(encoder: SentenceTransformer, max_tokens: int = 32, **options) -> np.ndarray:
    return embed(encoder, tokenise(encoder, TEXTS, max_tokens, **options), "cpu")


def cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)


def test_published_modules_are_all_there(hub, published):
    found = vectors(load_encoder(CARD))
    with torch.no_grad():
        for row, text in enumerate(TEXTS):  # by hand, text by text
            ids = torch.tensor([published.tokenizer(text)["input_ids"]])
            mean = published.eval()[0].model(ids).last_hidden_state[0].mean(0)
            dense = published[2].linear(mean)
            np.testing.assert_allclose(found[row], (dense / dense.norm()).numpy(), rtol=1e-4, atol=1e-5)


def test_other_pooling_takes_the_transformer_alone(hub):
    encoder = load_encoder(CARD | {"pooling": "cls"})
    assert encoder.get_embedding_dimension() == 32
    assert [type(module).__name__ for module in encoder.behind] == ["Pooling"]


def test_the_pinned_revision_is_loaded_and_not_the_newest(hub, published):
    with torch.no_grad():
        published[2].linear.weight.neg_()
    published.save(str(hub.with_name(NEWER)), create_model_card=False)
    refs = hub.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(NEWER)
    old, new = (vectors(load_encoder(CARD | {"revision": revision})) for revision in (REVISION, NEWER))
    assert cosines(old, new).max() < 0.9


def test_weights_are_float32_however_they_were_published(hub, published):
    published.half().save(str(hub), create_model_card=False)
    assert json.loads((hub / "config.json").read_text())["dtype"] == "float16"
    assert {parameter.dtype for parameter in load_encoder(CARD).parameters()} == {torch.float32}


def test_the_configuration_is_set_anew_and_a_key_that_it_does_not_have_is_refused(hub):
    encoder = load_encoder(CARD | {"config": {"hidden_act": "relu"}, "layers": 1, "dropout": 0.3})
    config = encoder.model.config
    assert (config.hidden_act, config.num_hidden_layers, config.hidden_dropout_prob) == ("relu", 1, 0.3)
    with pytest.raises(InputError, match="unpad_inputz"):
        load_encoder(CARD | {"config": {"unpad_inputz": False}})


def test_without_modules_json_published_is_refused(hub):
    (hub / "modules.json").unlink()
    with pytest.raises(InputError, match=r"(?s)modules\.json.*cls or mean.*HF_HOME"):
        load_encoder(CARD)


def test_pickled_weights_are_refused(hub):
    dense = hub / "2_Dense"
    torch.save({}, dense / "pytorch_model.bin")
    (dense / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"2_Dense has no model\.safetensors"):
        load_encoder(CARD)


def test_prompts_stand_in_front_of_texts_and_labels(hub):
    encoder = load_encoder(CARD | {"prompts": PROMPTS})
    for name, prompt in PROMPTS.items():
        rows = encoder.tokenizer([prompt + text for text in TEXTS])["input_ids"]
        tokens = tokenise(encoder, TEXTS, 64, prompt=name)
        assert tokens.ids.tolist() == [token for row in rows for token in row]
    assert cosines(vectors(encoder), vectors(encoder, prompt="label")).max() < 1 - 1e-4


def test_an_encoder_without_prompts_reads_the_bare_texts(hub):
    word_encoder = build_encoder({"architecture": "text_cnn", "min_count": 1}, TEXTS, None)
    for encoder in (load_encoder(CARD), word_encoder):
        rows = encoder.tokenizer(TEXTS)["input_ids"]
        for name in PROMPTS:
            assert tokenise(encoder, TEXTS, 64, prompt=name).lengths.tolist() == [len(row) for row in rows]


def test_prompt_and_text_are_cut_together(hub):
    encoder = load_encoder(CARD | {"prompts": PROMPTS})
    tokens = tokenise(encoder, TEXTS, 8)
    assert tokens.lengths.tolist() == [8, 4, 8, 5]
    assert tokens.ids[:3].tolist() == encoder.tokenizer("about: the")["input_ids"][:3]


@pytest.mark.parametrize("max_tokens", [3, 4])
def test_a_prompt_that_fills_max_tokens_is_refused_with_its_length(hub, max_tokens):
    encoder = load_encoder(CARD | {"prompts": PROMPTS})
    with pytest.raises(InputError, match=f"'about: ' has 4 tokens.*max_tokens {max_tokens} "):
        tokenise(encoder, TEXTS, max_tokens)
    assert tokenise(encoder, ["grain"], 5).lengths.tolist() == [5]


def test_more_tokens_than_the_encoder_takes_are_refused_with_both_numbers(hub):
    encoder = load_encoder(CARD | {"max_length": 40})
    assert len(tokenise(encoder, TEXTS, 40).lengths) == 4
    with pytest.raises(InputError, match=r"max_tokens: 41 .* 40 tokens"):
        tokenise(encoder, TEXTS, 41)


@pytest.mark.parametrize("card", [CARD, CARD | {"pooling": "mean"}])
def test_the_saved_folder_encodes_texts_as_we_do(hub, tmp_path, card):
    encoder = load_encoder(card | {"prompts": PROMPTS, "max_length": 64})
    save_encoder(encoder, tmp_path / "model", max_tokens=10)
    ours = vectors(open_encoder(tmp_path / "model"), max_tokens=10)
    opened = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    np.testing.assert_allclose(cosines(ours, opened.encode(TEXTS)), 1, atol=1e-5)
    assert cosines(ours, vectors(encoder)).min() < 1 - 1e-3  # the long text, cut at 32: the 10 tokens matter
    labels = vectors(open_encoder(tmp_path / "model"), max_tokens=10, prompt="label")
    np.testing.assert_allclose(cosines(labels, opened.encode(TEXTS, prompt_name="label")), 1, atol=1e-5)
    assert open_encoder(tmp_path / "model").tokenizer.model_max_length == 64


def test_a_published_folder_outside_the_encoder_is_refused(hub):
    modules = json.loads((hub / "modules.json").read_text())
    modules[1]["path"] = "../1_Pooling"
    (hub / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"modules\.json names a folder outside, '\.\./1_Pooling'"):
        load_encoder(CARD)


def test_an_encoder_without_states_of_tokens_is_refused(hub):
    SentenceTransformer(modules=[BoW(["grain", "port"])], device="cpu").save(str(hub), create_model_card=False)
    with pytest.raises(InputError, match="its first module, BoW, gives no states of tokens"):
        load_encoder(CARD)


def test_of_an_encoder_with_a_decoder_the_encoder_is_taken(hub, published):
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
    T5Model(T5Config(vocab_size=len(published.tokenizer), **sizes)).save_pretrained(hub)
    encoder = load_encoder(CARD | {"pooling": "mean"})
    batch = encoder.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = T5EncoderModel.from_pretrained(hub).eval()(batch["input_ids"], batch["attention_mask"])[0]
    mask = batch["attention_mask"][:, :, None]
    np.testing.assert_allclose(vectors(encoder), (states * mask).sum(1) / mask.sum(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pooling", ["published", "mean"])
def test_code_of_the_repository_is_refused_unread_without_allowance(hub, marker, pooling):
    with pytest.raises(InputError) as caught:
        load_encoder(CARD | {"pooling": pooling})
    named = "modeling_twice.TwiceBert", "encoders.<name>.remote_code: true", "runs Python code", f"/tree/{REVISION}"
    for part in named:
        assert part in str(caught.value)
    assert not marker.exists()


def test_allowed_code_runs_at_the_pinned_commit(hub, marker, published):
    newest = hub.with_name(NEWER)
    newest.mkdir()
    (newest / "modeling_twice.py").write_text(CODE.format(marker=str(marker), factor=-1))
    (hub.parents[1] / "refs").mkdir()
    (hub.parents[1] / "refs" / "main").write_text(NEWER)
    plain = SentenceTransformer(modules=[published[0], Pooling(32, "mean")], device="cpu")
    encoders = [load_encoder(CARD | {"pooling": pooling, "remote_code": True}) for pooling in ("published", "mean")]
    assert marker.read_text() == "run"
    assert all(REVISION in type(encoder[0].model).__module__ for encoder in encoders)
    np.testing.assert_allclose(vectors(encoders[1]), 2 * vectors(plain), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pooling", ["published", "cls"])
def test_code_written_for_transformers_4_finds_its_mask(hub, tmp_path, monkeypatch, pooling):
    monkeypatch.chdir(tmp_path)
    (hub / "modeling_masked.py").write_text(MASKED)
    change(hub / "config.json", auto_map={"AutoModel": "modeling_masked.MaskedBert"})
    encoder = build_encoder(CARD | {"pooling": pooling, "remote_code": True}, None, None)
    found = vectors(encoder)
    alone = [embed(encoder, tokenise(encoder, [text], 32), "cpu")[0] for text in TEXTS]  # without padding
    np.testing.assert_allclose(found, alone, atol=1e-5)
    save_encoder(encoder, tmp_path / "model")
    np.testing.assert_allclose(vectors(open_encoder(tmp_path / "model", remote_code=True)), found, atol=1e-6)
    if pooling == "cls":  # softmax attention of the first token by hand
        states = encoder[0].model.embeddings(torch.tensor([encoder.tokenizer(TEXTS[0])["input_ids"]]))[0]
        by_hand = (states @ states.T).softmax(-1)[0] @ states
        np.testing.assert_allclose(found[0], by_hand.detach().numpy(), rtol=1e-4, atol=1e-5)


def test_a_saved_encoder_with_code_opens_only_with_allowance(hub, marker, tmp_path):
    encoder = load_encoder(CARD | {"remote_code": True})
    save_encoder(encoder, tmp_path / "model")
    marker.unlink()
    with pytest.raises(InputError, match=r"modeling_twice\.TwiceBert"):
        open_encoder(tmp_path / "model")
    assert not marker.exists()
    np.testing.assert_allclose(vectors(open_encoder(tmp_path / "model", remote_code=True)), vectors(encoder), atol=1e-6)


@pytest.mark.parametrize(
    ("file", "values", "named"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "code.Config"}}, "code.Config"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["code.Slow", None]}}, "code.Slow"),
    ],
)
def test_code_of_configuration_and_tokeniser_counts_too(hub, file, values, named):
    change(hub / file, **values)
    with pytest.raises(InputError, match=rf"own \({named}\)"):
        load_encoder(CARD)


def test_a_module_outside_the_library_counts_too(hub):
    modules = json.loads((hub / "modules.json").read_text())
    modules[3]["type"] = "code.Whiten"
    (hub / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"own \(code.Whiten\)"):
        load_encoder(CARD)


def test_code_of_another_repository_is_refused_even_with_allowance(hub, marker):
    change(hub / "config.json", auto_map={"AutoModel": "other-owner/code--modeling_twice.TwiceBert"})
    with pytest.raises(InputError, match="no revision pins"):
        load_encoder(CARD | {"remote_code": True})
    assert not marker.exists()
