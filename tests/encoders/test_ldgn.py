"""LDGN against loops: label graph over documents and labels, LSTM alone, attention and graph step in float64."""

import math

import numpy as np
import pytest
import torch
from pushpull.encoders.ldgn import LDGN, SLOPE, label_graph, normalise
from pushpull.encoders.tokens import Tokens
from pushpull.encoders.words import build_tokenizer

ROWS = [[2, 3, 4, 5, 6, 7], [3], [], [1, 1], [9, 8, 7]]
LABELS = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 1, 1, 0, 0]], np.uint8)


@pytest.fixture
def encoder() -> LDGN:
    torch.manual_seed(0)
    encoder = LDGN(build_tokenizer(["a b c d e f g h i j"], 50, 1), embedding=6, hidden=8, labels=5)
    encoder.set_graph(LABELS)
    with torch.no_grad():  # far from where it starts, so that every term shows
        for parameter in encoder.parameters():
            parameter *= 2
    return encoder


def batch(*rows: list[int]) -> dict[str, torch.Tensor]:
    return Tokens.from_rows(list(rows), 0).batch(np.arange(len(rows)))


def slow_label_graph(labels: np.ndarray) -> np.ndarray:
    graph = np.eye(labels.shape[1])
    for j in range(labels.shape[1]):
        with_j = [row for row in labels if row[j]]
        for i in range(labels.shape[1]):
            if with_j:
                graph[i, j] = sum(row[i] for row in with_j) / len(with_j)
    return graph


def test_the_label_graph_is_the_share_of_documents_of_one_label_that_have_the_other():
    graph = label_graph(LABELS)
    assert graph.dtype == np.float32
    np.testing.assert_allclose(graph, slow_label_graph(LABELS), rtol=1e-6)
    assert graph[1, 0] == np.float32(2 / 3)  # two of the three documents with label 0 have label 1
    assert graph[0, 2] == 0.5
    assert graph[3].tolist() == [0, 0, 0, 1, 0]  # alone in its document
    assert graph[4].tolist() == [0, 0, 0, 0, 1]  # in no document
    labels = (np.random.default_rng(0).random((300, 12)) < 0.2).astype(np.uint8)
    np.testing.assert_allclose(label_graph(labels), slow_label_graph(labels), rtol=1e-6)


def test_a_graph_is_normalised_by_row_sums_on_both_sides():
    graph = torch.rand(2, 4, 4, dtype=torch.float64)
    found = normalise(graph)
    for b, i, j in np.ndindex(2, 4, 4):
        expected = graph[b, i, j] / math.sqrt(graph[b, i].sum() * graph[b, j].sum())
        assert found[b, i, j] == pytest.approx(float(expected), rel=1e-12)


def test_states_are_those_of_an_lstm_that_reads_each_text_alone_in_both_directions(encoder):
    features = batch(*ROWS)
    states = encoder.states(features["input_ids"], features["attention_mask"])
    assert states.shape == (5, 6, 8)
    for row, found in zip(ROWS, states, strict=True):
        if row:
            words = encoder.words(torch.tensor([row]))
            rightward, leftward = encoder.rightward(words)[0], encoder.leftward(words.flip(1))[0].flip(1)
            torch.testing.assert_close(found[: len(row)], torch.cat([rightward, leftward], 2)[0])


def test_attention_is_a_softmax_over_the_real_words_of_each_label(encoder):
    features = batch(*ROWS)
    states = encoder.states(features["input_ids"], features["attention_mask"])
    weights = encoder.attention(states, features["attention_mask"])
    states, queries = states.detach(), encoder.queries.detach()
    for b, i in np.ndindex(5, 5):
        exponentials = [math.exp(states[b, t] @ queries[i]) for t in range(len(ROWS[b]))]
        expected = [value / sum(exponentials) for value in exponentials] + [0.0] * (6 - len(ROWS[b]))
        assert weights[b, i].tolist() == pytest.approx(expected, abs=1e-6)


def leaky(vector: torch.Tensor) -> torch.Tensor:
    return torch.stack([x if x > 0 else SLOPE * x for x in vector])


def convolve(graph: list[list], vectors: list[torch.Tensor], weight: torch.Tensor) -> list[torch.Tensor]:
    """Each label's new vector: neighbours weighted by the graph, then mapped."""
    return [weight @ sum(graph[i][j] * vectors[j] for j in range(len(vectors))) for i in range(len(vectors))]


def slow_graph_step(encoder: LDGN, states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """[H2; H4] of one document, label by label."""
    labels = range(encoder.labels)
    vectors = [sum(weights[i, t] * states[t] for t in range(len(states))) for i in labels]
    first = [leaky(vector) for vector in convolve(encoder.graph, vectors, encoder.static[0].weight)]
    static = convolve(encoder.graph, first, encoder.static[1].weight)
    left, right = ([linear.weight @ vector for vector in static] for linear in encoder.pair)
    graph = [[1 / (1 + math.exp(-float(left[i] @ right[j]))) for j in labels] for i in labels]
    sums = [sum(row) for row in graph]
    graph = [[graph[i][j] / math.sqrt(sums[i] * sums[j]) for j in labels] for i in labels]
    third = [leaky(vector) for vector in convolve(graph, static, encoder.dynamic[0].weight)]
    last = convolve(graph, third, encoder.dynamic[1].weight)
    return torch.stack([torch.cat(pair) for pair in zip(static, last, strict=True)])


def test_the_graph_step_is_the_one_written_out_for_each_document_and_label(encoder):
    encoder.double()
    states, weights = torch.randn(3, 7, 8).double(), torch.rand(3, 5, 7).double().softmax(2)
    with torch.no_grad():
        found = encoder.graph_step(states, weights)
        for b in range(3):
            expected = slow_graph_step(encoder, states[b], weights[b])
            assert expected[:, :4].std(0).min() > 1e-3
            assert expected[:, 4:].abs().min() > 0
            torch.testing.assert_close(found[b], expected, rtol=1e-10, atol=1e-12)


def test_the_text_vector_is_the_maximum_over_label_vectors(encoder):
    features = encoder(batch(*ROWS))
    vectors = features["label_vectors"]
    assert vectors.shape == (5, 5, encoder.get_embedding_dimension()) == (5, 5, 8)
    for b, d in np.ndindex(5, 8):
        assert features["sentence_embedding"][b, d] == max(vectors[b, i, d] for i in range(5))


def test_padding_does_not_change_a_text_vector(encoder):
    together = encoder(batch(*ROWS))["label_vectors"]
    for row, vectors in zip(ROWS, together, strict=True):
        torch.testing.assert_close(encoder(batch(row))["label_vectors"][0], vectors)
    assert together[0].abs().max() > 0.01


def test_a_text_without_words_is_finite_and_so_is_its_gradient(encoder):
    vectors = encoder(batch([], [1, 1]))["sentence_embedding"]
    assert not vectors[0].any()
    assert vectors[1].any()
    vectors.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())


def test_every_weight_has_a_gradient_and_the_label_graph_is_no_weight(encoder):
    encoder(batch(*ROWS))["sentence_embedding"].pow(2).sum().backward()
    assert all(parameter.grad.any() for parameter in encoder.parameters())
    assert "graph" in encoder.state_dict()
    assert "graph" not in dict(encoder.named_parameters())


def test_vectors_are_about_the_same_in_bfloat16(encoder):
    plain = encoder(batch(*ROWS))["label_vectors"]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = encoder(batch(*ROWS))["label_vectors"]
    torch.testing.assert_close(mixed.float(), plain, rtol=0.1, atol=0.03 * plain.abs().max().item())


def test_a_dynamic_graph_without_any_edge_has_a_finite_gradient():
    graph = torch.full((2, 3, 3), -200.0, requires_grad=True)
    normalised = normalise(graph.sigmoid())
    normalised.sum().backward()
    assert (graph.sigmoid() == 0).all()
    assert normalised.isfinite().all()
    assert graph.grad.isfinite().all()
