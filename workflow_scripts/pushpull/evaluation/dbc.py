"""Distance-based classification: a document has the labels whose texts are near enough to its own.

Source: Van Nooten and Kosar, "Push and Pull" (LREC 2026).
"""

import numpy as np

from pushpull.evaluation.thresholds import exact_per_label, fixed_normalised, one_threshold, per_label_grid

DBC_RULES = ("fixed", "one", "per_label", "exact")
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


def decide(
    validation_cos: np.ndarray, validation_labels: np.ndarray, test_cos: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return {rule: (validation decisions, test decisions)}, bool, with thresholds set on validation alone.

    Args:
        validation_cos, test_cos: cosines, float32 [documents, labels].
        validation_labels: bool or uint8, the shape of `validation_cos`.
    """
    thresholds = {
        "fixed": fixed_normalised(validation_cos),
        "one": one_threshold(validation_cos, validation_labels),
        "per_label": per_label_grid(validation_cos, validation_labels),
        "exact": exact_per_label(validation_cos, validation_labels),
    }
    return {rule: (validation_cos >= cut, test_cos >= cut) for rule, cut in thresholds.items()}


def to_scores(similarity: np.ndarray) -> np.ndarray:
    """Map cosines to [0, 1]: (1 + cos) / 2, float32."""
    return ((1 + similarity) / 2).astype(np.float32, copy=False)


def _normalised(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
