"""TextCNN against windows, filters and maxima written out, and texts that have hardly a window."""

import numpy as np
import pytest
import torch
from pushpull.encoders.text_cnn import TextCNN
from pushpull.encoders.tokens import Tokens
from pushpull.encoders.words import build_tokenizer

LETTERS = "a b c d e f g h i j k l m n"
ROWS = [[2, 3, 4, 5, 6, 7, 8, 9], [3], [], [1, 1], [9, 8, 7, 6, 5]]


@pytest.fixture
def encoder() -> TextCNN:
    torch.manual_seed(0)
    return TextCNN(build_tokenizer([LETTERS], 50, 1), embedding=5, kernel_widths=[2, 3, 5], feature_maps=6)


def batch(*rows: list[int]) -> dict[str, torch.Tensor]:
    return Tokens.from_rows(list(rows), 0).batch(np.arange(len(rows)))


def windows_written_out(encoder: TextCNN, row: list[int]) -> list[torch.Tensor]:
    """One text, one filter, one window and one word after another."""
    words = [encoder.words.weight[word] for word in row]
    vector = []
    for width, convolution in zip(encoder.kernel_widths, encoder.convolutions, strict=True):
        for weight, bias in zip(convolution.weight, convolution.bias, strict=True):
            values = [torch.zeros_like(bias)]  # ReLU, and a text without windows
            for begin in range(len(words)):
                window = words[begin : begin + width]
                values.append(bias + sum(weight[:, place] @ word for place, word in enumerate(window)))
            vector.append(max(values))
    return vector


def test_vectors_are_the_maxima_of_all_windows_that_begin_at_a_word(encoder):
    vectors = encoder(batch(*ROWS))["sentence_embedding"]
    assert vectors.shape == (5, encoder.get_embedding_dimension()) == (5, 18)
    expected = torch.stack([torch.stack(windows_written_out(encoder, row)) for row in ROWS])
    assert (expected[0] > 0).sum() > 8
    torch.testing.assert_close(vectors, expected)


def test_padding_does_not_change_a_text_vector(encoder):
    with torch.no_grad():
        for convolution in encoder.convolutions:
            convolution.bias.fill_(2)  # a window of padding alone would win
    together = encoder(batch(*ROWS))["sentence_embedding"]
    for row, vector in zip(ROWS, together, strict=True):
        torch.testing.assert_close(encoder(batch(row))["sentence_embedding"][0], vector)
    assert together[1].max() > 1


def test_a_text_without_words_is_zero_and_one_of_unknown_words_only_is_not(encoder):
    vectors = encoder(batch([], [1, 1]))["sentence_embedding"]
    assert not vectors[0].any()
    assert vectors[1].any()
    vectors.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())
    assert not encoder(batch([], []))["sentence_embedding"].any()


def test_the_gradient_reaches_every_word_of_the_winning_windows_only(encoder):
    features = encoder(batch([2, 3, 4, 5, 6, 7, 8, 9]))
    assert "input_ids" in features
    best = features["sentence_embedding"][0].argmax()
    features["sentence_embedding"][0, best].backward()
    width = encoder.kernel_widths[int(best) // 6]
    touched = encoder.words.weight.grad.abs().sum(1).nonzero().flatten()
    assert 1 <= len(touched) <= width
    assert touched.diff().eq(1).all()  # one run of neighbouring words: ids rise by one in this text


@pytest.mark.parametrize("rows", [ROWS, [[3]], [[2, 2, 2, 2], [2, 3, 2, 3, 2, 3]], [[], [4], []]])
def test_gradients_are_those_of_all_windows_written_out(encoder, rows):
    encoder = encoder.double()
    weights = torch.linspace(-1, 1, 18 * len(rows), dtype=torch.float64).view(len(rows), 18)
    parameters = list(encoder.parameters())
    found = torch.autograd.grad((encoder(batch(*rows))["sentence_embedding"] * weights).sum(), parameters)
    slow = torch.stack([torch.stack(windows_written_out(encoder, row)) for row in rows])
    expected = torch.autograd.grad((slow * weights).sum(), parameters)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert all(gradient.any() for gradient in found)
