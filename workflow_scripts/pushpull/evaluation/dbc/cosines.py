"""Cosines of text and label vectors, which distance-based classification decides by."""

import numpy as np

CHUNK = 65536


def cosines(texts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cosine of every text and label vector; 0 where one of them is the zero vector.

    Args:
        texts: float [documents, d].
        labels: float [labels, d].

    Returns:
        float32 [documents, labels] in [-1, 1].
    """
    directions = _normalised(labels).T
    similarity = np.empty((len(texts), len(labels)), dtype=np.float32)
    for begin in range(0, len(texts), CHUNK):
        similarity[begin : begin + CHUNK] = _normalised(texts[begin : begin + CHUNK]) @ directions
    return np.clip(similarity, -1, 1, out=similarity)


def _normalised(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
