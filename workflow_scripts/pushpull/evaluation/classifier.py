"""Probabilities of a trained linear classifier on its own embeddings."""

import numpy as np

CHUNK = 65536


def probabilities(embeddings: np.ndarray, weight: np.ndarray, bias: np.ndarray, task: str) -> np.ndarray:
    """Return sigmoid ("multi") or softmax ("single") of `embeddings @ weight.T + bias`.

    Args:
        embeddings: float32 [n, d].
        weight: float32 [labels, d].
        bias: float32 [labels].
        task: "multi" or "single".

    Returns:
        float32 [n, labels] in [0, 1].
    """
    scores = np.empty((len(embeddings), len(bias)), dtype=np.float32)
    for begin in range(0, len(embeddings), CHUNK):
        logits = embeddings[begin : begin + CHUNK] @ weight.T + bias
        scores[begin : begin + CHUNK] = sigmoid(logits) if task == "multi" else softmax(logits)
    return scores


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-logits)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logits))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return exp(logits) / row sum of `logits` [n, labels] without overflow."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
