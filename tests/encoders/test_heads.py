"""The heads against their formulas, written out."""

import numpy as np
import pytest
import torch
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import tokenise
from pushpull.encoders.heads import (
    Classifier,
    LabelAttention,
    LabelClassifier,
    ProjectionHead,
    Prototypes,
    make_classifier,
    open_classifier,
    save_classifier,
)
from safetensors.torch import load_file
from torch import nn


def test_the_projection_is_two_linear_layers_with_a_relu_and_a_unit_vector():
    torch.manual_seed(0)
    head, vectors = ProjectionHead(6, 3), torch.randn(5, 6)
    for vector, found in zip(vectors, head(vectors), strict=True):
        hidden = (head.hidden.weight @ vector + head.hidden.bias).clamp(min=0)
        expected = head.output.weight @ hidden + head.output.bias
        assert expected.norm() > 0.01
        torch.testing.assert_close(found, expected / expected.norm())
    assert head.hidden.weight.shape == (6, 6)
    assert head.output.weight.shape == (3, 6)


def test_the_projection_of_vectors_for_each_label_is_that_of_each_alone():
    torch.manual_seed(0)
    head, vectors = ProjectionHead(6, 3), torch.randn(5, 4, 6)
    together = head(vectors)
    assert together.shape == (5, 4, 3)
    torch.testing.assert_close(together[2, 1], head(vectors[2, 1]))


def test_a_vector_of_zeros_has_a_finite_projection_and_gradient():
    head = ProjectionHead(6, 3)
    found = head(torch.zeros(2, 6))
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in head.parameters())


def test_prototypes_are_normalised_at_use_and_not_where_they_are_kept():
    torch.manual_seed(0)
    prototypes = Prototypes(4, 7)
    with torch.no_grad():
        prototypes.weight *= 5
    torch.testing.assert_close(prototypes().norm(dim=1), torch.ones(4))
    torch.testing.assert_close(prototypes() * prototypes.weight.norm(dim=1, keepdim=True), prototypes.weight)
    assert prototypes.weight.norm(dim=1).min() > 1.5


def test_label_attention_is_a_softmax_over_real_tokens_for_each_document_and_label():
    torch.manual_seed(0)
    attention, states = LabelAttention(8, 3), torch.randn(4, 5, 8)
    lengths = [5, 2, 1, 3]
    mask = (torch.arange(5) < torch.tensor(lengths)[:, None]).long()
    found = attention(states, mask)
    for i, length in enumerate(lengths):
        for j in range(3):
            weights = torch.stack([(states[i, t] @ attention.queries[j] / 8**0.5).exp() for t in range(length)])
            expected = sum(w * states[i, t] for t, w in enumerate(weights / weights.sum()))
            torch.testing.assert_close(found[i, j], expected)
    states[1, 2:] = 1e30
    torch.testing.assert_close(attention(states, mask)[1], found[1])


@pytest.mark.parametrize("training", [True, False])
def test_the_classifier_drops_features_in_training_only(training):
    torch.manual_seed(0)
    classifier, vectors = Classifier(50, 3, 0.5).train(training), torch.ones(1, 50)
    plain = vectors @ classifier.linear.weight.T + classifier.linear.bias
    assert torch.allclose(classifier({"sentence_embedding": vectors}), plain) is not training


@pytest.mark.parametrize("training", [True, False])
def test_the_classifier_of_label_vectors_reads_of_each_label_its_own_vector(training):
    torch.manual_seed(0)
    classifier, vectors = LabelClassifier(50, 3, 0.5).train(training), torch.randn(4, 3, 50)
    nn.init.normal_(classifier.linear.bias)
    logits = classifier({"label_vectors": vectors, "sentence_embedding": vectors.amax(1)})
    weight, bias = classifier.linear.weight, classifier.linear.bias
    expected = torch.stack([torch.stack([vectors[b, j] @ weight[j] + bias[j] for j in range(3)]) for b in range(4)])
    assert torch.allclose(logits, expected, atol=1e-5) is not training


@pytest.mark.parametrize(
    ("architecture", "kind"), [(None, Classifier), ("text_cnn", Classifier), ("ldgn", LabelClassifier)]
)
def test_a_saved_classifier_opens_for_its_encoder_with_the_same_logits(architecture, kind, tiny_encoder, tmp_path):
    texts, labels = ["a ship", "the harbour"], np.eye(2, dtype=np.uint8)
    small = {"architecture": architecture, "embedding": 8, "feature_maps": 4, "hidden": 8, "min_count": 1}
    encoder = build_encoder(small, texts, labels) if architecture else tiny_encoder
    classifier = make_classifier(encoder, 2, 0.5)
    nn.init.normal_(classifier.linear.bias)
    save_classifier(classifier, tmp_path / "classifier.safetensors")
    opened = open_classifier(tmp_path / "classifier.safetensors", encoder)
    assert type(opened) is type(classifier) is kind
    assert not opened.training
    features = encoder.eval()(tokenise(encoder, texts, 8).batch(np.arange(2)))
    torch.testing.assert_close(opened(features), classifier.eval()(features), rtol=0, atol=0)
    tensors = load_file(tmp_path / "classifier.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
        "weight": (2, encoder.get_embedding_dimension()),
        "bias": (2,),
    }


def test_weights_start_xavier_uniform_and_biases_at_zero():
    torch.manual_seed(0)
    for linear in (ProjectionHead(100, 60).output, Classifier(100, 60, 0.1).linear):
        bound = (6 / 160) ** 0.5
        assert 0.98 * bound < linear.weight.abs().max() <= bound
        assert not linear.bias.any()
    assert isinstance(Prototypes(3, 4).weight, nn.Parameter)


@pytest.mark.parametrize("kind", [Classifier, LabelClassifier])
def test_logits_stay_in_float32_under_half_precision(kind):
    torch.manual_seed(0)
    classifier = kind(64, 5, dropout=0.1).eval()
    vectors = torch.randn(*((40, 5, 64) if kind is LabelClassifier else (40, 64)))
    for kept in (vectors, vectors.bfloat16()):
        name = "label_vectors" if kind is LabelClassifier else "sentence_embedding"
        expected = classifier({name: kept.float()})
        with torch.autocast("cpu", torch.bfloat16):
            found = classifier({name: kept})
        assert found.dtype == torch.float32
        assert torch.equal(found, expected)
        assert not torch.equal(found.bfloat16().float(), found)
