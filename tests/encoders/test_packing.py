"""Packed batches: what each document gives alone and in a padded batch, gradients too, whatever lies beside it."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
import transformers
from pushpull.encoders.encoder import embed
from pushpull.encoders.heads import LabelAttention
from pushpull.encoders.packing import first_position, pack
from pushpull.encoders.pooling import Pooling, SentenceEncoder
from pushpull.encoders.tokens import Tokens
from sentence_transformers.sentence_transformer.modules import Normalize
from sentence_transformers.sentence_transformer.modules import Pooling as TheirPooling
from torch.nn import functional as F

SIZES = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"intermediate_size": 64, "initializer_range": 0.2}
FAMILIES = {
    "Bert": SIZES,
    "Albert": SIZES | {"embedding_size": 16},
    "DistilBert": {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    # As many positions as the published one has beyond the longest text: two, for they start behind the padding id.
    "Roberta": SIZES | {"max_position_embeddings": 22},
    "XLMRoberta": SIZES | {"max_position_embeddings": 22},
}
POOLINGS = {
    "cls": [Pooling(32, "cls")],
    "mean": [Pooling(32, "mean")],
    "published": [TheirPooling(32, "mean"), Normalize()],
    **{mode: [TheirPooling(32, mode)] for mode in ("max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")},
}
LENGTHS = {
    "mixed": [1, 20, 3, 7, 7, 1, 19, 2],
    "one token": [1, 1, 1, 6, 1],
    "as long as a row": [20, 20, 5, 15, 20, 8, 12],
}


def encoder_of(family="Bert", pooling="mean", **changed):
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**FAMILIES[family] | changed)
    return SentenceEncoder(getattr(transformers, f"{family}Model")(config), None, POOLINGS[pooling], {}).eval()


def tokens_of(lengths, pad=0):
    random = np.random.default_rng(0)
    return Tokens.from_rows([random.integers(5, 100, length).tolist() for length in lengths], pad)


def batch_of(encoder, lengths):
    assert pack(np.array(lengths)) is not None
    return tokens_of(lengths, encoder.model.config.pad_token_id).batch(np.arange(len(lengths)))


def padded(work, *arguments):
    with patch("pushpull.encoders.pooling.pack", return_value=None):
        return work(*arguments)


def vectors(encoder, batch):
    return encoder(batch)["sentence_embedding"]


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_vectors_are_those_of_a_padded_batch_and_of_each_document_alone(family, pooling, lengths):
    encoder = encoder_of(family, pooling)
    batch = batch_of(encoder, lengths)
    found = vectors(encoder, batch)
    torch.testing.assert_close(found, padded(vectors, encoder, batch), rtol=1e-4, atol=2e-6)
    for row, length in enumerate(lengths):
        states = encoder.model(batch["input_ids"][row : row + 1, :length]).last_hidden_state
        features = {"token_embeddings": states, "attention_mask": torch.ones(1, length, dtype=torch.int64)}
        for module in encoder.behind:
            features = module(features)
        torch.testing.assert_close(found[row], features["sentence_embedding"][0], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_those_of_a_padded_batch(family, pooling):
    encoder = encoder_of(family, pooling)
    batch = batch_of(encoder, LENGTHS["mixed"])
    weights = torch.randn(8, 32, generator=torch.Generator().manual_seed(1))

    def gradients():
        encoder.zero_grad()
        (vectors(encoder, batch) * weights).sum().backward()
        return {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}

    found, expected = gradients(), padded(gradients)
    assert found.keys() == expected.keys()
    assert sum(bool(gradient.any()) for gradient in found.values()) > 10
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=1e-4, msg=name)


@torch.no_grad()
def test_label_vectors_of_token_states_are_those_of_a_padded_batch():
    encoder, attention = encoder_of(), LabelAttention(32, 5)
    batch = batch_of(encoder, LENGTHS["mixed"])

    def pooled():
        return attention(encoder.token_states(batch), batch["attention_mask"])

    torch.testing.assert_close(pooled(), padded(pooled), rtol=1e-4, atol=2e-6)


@torch.no_grad()
def test_in_bfloat16_it_is_as_near_to_float32_as_a_padded_batch():
    encoder = encoder_of()
    batch = batch_of(encoder, LENGTHS["mixed"])
    exact = padded(vectors, encoder, batch)
    with torch.autocast("cpu", torch.bfloat16):
        found, other = vectors(encoder, batch), padded(vectors, encoder, batch)
    assert 0 < (other - exact).norm() < 0.02 * exact.norm()
    assert (found - exact).norm() < 1.5 * (other - exact).norm()


@torch.no_grad()
def test_what_a_document_says_changes_no_other():
    encoder = encoder_of()
    batch = batch_of(encoder, LENGTHS["mixed"])
    before, batch["input_ids"] = vectors(encoder, batch), batch["input_ids"].clone()
    batch["input_ids"][3, :7] = 99
    after = vectors(encoder, batch)
    assert (after[3] - before[3]).abs().max() > 1e-3
    others = np.arange(8) != 3
    assert torch.equal(after[others], before[others])


def test_dropout_is_that_of_each_token_and_follows_the_seed():
    encoder = encoder_of(hidden_dropout_prob=0.5).train()
    batch = batch_of(encoder, LENGTHS["mixed"])

    def states(seed):
        torch.manual_seed(seed)
        return encoder.token_states(batch)

    assert torch.equal(states(0), states(0))
    real = states(0)[batch["attention_mask"].bool()]
    assert (real != states(1)[batch["attention_mask"].bool()]).any(1).all()
    # Two documents of the same words see different masks.
    twice = {name: torch.cat([batch[name]] * 2) for name in ("input_ids", "attention_mask")}
    twice["lengths"] = np.tile(batch["lengths"], 2)
    first, second = vectors(encoder, twice).split(8)
    assert (F.cosine_similarity(first, second) < 0.999).all()


@pytest.mark.parametrize("lengths", [[7], [7, 7, 7], [9, 8, 7, 6], [20] * 9 + [19]])
def test_a_batch_with_little_padding_stays_as_it_is(lengths):
    assert pack(np.array(lengths)) is None


@pytest.mark.parametrize("seed", range(20))
def test_every_token_lies_once_in_the_rows_each_document_in_one_piece(seed):
    random = np.random.default_rng(seed)
    lengths = random.integers(1, random.integers(4, 60), random.integers(6, 70))
    packing = pack(lengths)
    width = lengths.max()
    assert packing.source.shape[1] == width
    assert lengths.sum() <= packing.source.numel() <= len(lengths) * width * 0.9
    rows = [row.tolist() for row in packing.documents]
    for document, length in enumerate(lengths):
        (row,) = [row for row, found in enumerate(rows) if document in found]
        begin = rows[row].index(document)
        assert rows[row].count(document) == length
        assert rows[row][begin : begin + length] == [document] * length
        assert packing.positions[row, begin : begin + length].tolist() == list(range(length))
        padded_cells, cells = document * width + np.arange(length), row * width + begin + np.arange(length)
        assert packing.source[row, begin : begin + length].tolist() == padded_cells.tolist()
        assert packing.cells[document, :length].tolist() == cells.tolist()


@pytest.mark.parametrize(
    ("family", "changed"),
    [("Bert", {"attn_implementation": "eager"}), ("Bert", {"is_decoder": True}), ("MPNet", {}), ("Electra", {})],
)
def test_others_keep_their_padding(family, changed):
    config = getattr(transformers, f"{family}Config")(**SIZES | changed)
    assert first_position(getattr(transformers, f"{family}Model")(config)) is None


def test_embedding_a_corpus_packs_and_keeps_its_order():
    encoder, tokens = encoder_of(), tokens_of([*range(1, 21)] * 3)
    with patch("pushpull.encoders.pooling.pack", wraps=pack) as packed:
        found = embed(encoder, tokens, "cpu", batch_size=60)
    assert packed.called
    np.testing.assert_allclose(found, padded(embed, encoder, tokens, "cpu"), rtol=1e-4, atol=2e-6)
