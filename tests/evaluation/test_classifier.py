import numpy as np
import pytest
from pushpull.evaluation import classifier
from scipy.special import expit, softmax


@pytest.mark.parametrize("chunk", [7, 19, 20])
def test_probabilities_equal_scipy_across_chunks(chunk, monkeypatch):
    monkeypatch.setattr(classifier, "CHUNK", chunk)
    generator = np.random.default_rng(0)
    embeddings, weight = generator.standard_normal((20, 5)), generator.standard_normal((3, 5))
    bias = generator.standard_normal(3)
    embeddings, weight, bias = (array.astype(np.float32) for array in (embeddings, weight, bias))
    logits = embeddings.astype(np.float64) @ weight.T + bias
    multi = classifier.probabilities(embeddings, weight, bias, "multi")
    single = classifier.probabilities(embeddings, weight, bias, "single")
    np.testing.assert_allclose(multi, expit(logits), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(single, softmax(logits, axis=1), rtol=1e-4, atol=1e-6)
    assert multi.dtype == single.dtype == np.float32


def test_large_logits_neither_overflow_nor_leave_the_unit_interval():
    logits = np.array([[-1000, 0, 1000]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise"):
        assert classifier.sigmoid(logits).tolist() == [[0, 0.5, 1]]
        assert classifier.softmax(logits).tolist() == [[0, 0, 1]]
