"""Contrast of two views of every document under label distances (CLLD, section III), and the distances themselves."""

import torch
from torch import Tensor

from pushpull.losses.kernel import plain_log_gain, rows_to_one, weighted_contrast

FLOOR = 1e-8  # of the product of two norms, as printed


def label_distance(vectors: Tensor, labels: Tensor, distances: Tensor) -> Tensor:
    """Mean KL divergence from uniform positives to the softmax of similarity x label distance (CLLD, L_s).

    Cosines are mapped to [0, 1] and multiplied with the distance of the two documents' labels. Documents with the same
    label are positives, and so is the other view of a document. A document itself is left out after the product: the
    paper does so before it, where a distance of 0 or less would let a document match itself.

    Beyond the paper, `labels` may be multi-hot (multi-label CLLD, ours): documents that share a label are positives,
    and the distance of two documents is the mean over their pairs of labels.

    Args:
        vectors: [n, d], both views of every document, projected, not normalised; taken to float32 (float64 stays).
        labels: one-hot [n, N].
        distances: [N, N], the label-distance matrix LDM; a larger value repels two classes more.

    Returns:
        A scalar, at least 0. A document without any positive (no label) contributes 0.

    Example:
        >>> views = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
        >>> label_distance(views, torch.eye(2).repeat_interleave(2, 0), torch.ones(2, 2))
        tensor(0.5514)
    """
    vectors = vectors if vectors.dtype == torch.float64 else vectors.float()
    with torch.no_grad():
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        labels = labels.to(vectors.dtype)
        weights = rows_to_one((labels @ labels.T).clamp_(max=1).masked_fill_(itself, 0.0))
        shares = rows_to_one(labels)
        apart = shares @ distances.to(vectors.dtype) @ shares.T
        # The entropy of uniform positives: KL is at least 0 and 0 only where the softmax is uniform over them.
        entropy = -weights.amax(1).log().masked_fill(weights.sum(1) == 0, 0.0)
    norms = vectors.norm(dim=1)
    cosines = vectors @ vectors.T / (norms[:, None] * norms).clamp(min=FLOOR)
    similarity = (cosines + 1) / 2 * apart
    return (weighted_contrast(similarity, weights, plain_log_gain(itself, vectors.dtype)) - entropy).mean()


def pairs_apart(classes: int, pairs: list[tuple[int, int]], largest: float) -> Tensor:
    """Static distances, float32 [N, N]: `largest` between the classes of each pair, 1 elsewhere.

    Example:
        >>> pairs_apart(3, [(0, 2)], 5.0)
        tensor([[1., 1., 5.],
                [1., 1., 1.],
                [5., 1., 1.]])
    """
    distances = torch.ones(classes, classes)
    for first, second in pairs:
        distances[first, second] = distances[second, first] = largest
    return distances


def confusion_distances(confusion: Tensor, largest: float) -> Tensor:
    """Distances that a confusion matrix asks for, float32 [N, N]: 1 for classes never confused, else up to `largest`.

    The paper does not print how counts become distances. Here: symmetrised, each row divided by its sum, the diagonal
    set to 0, scaled so that the largest is `largest`. A class without documents, an all-zero row, is
    confused with none.

    Args:
        confusion: counts [N, N], true class by decided class.

    Example:
        >>> confusion_distances(torch.tensor([[8.0, 2.0, 0.0], [2.0, 8.0, 0.0], [0.0, 0.0, 0.0]]), 5.0)
        tensor([[1., 5., 1.],
                [5., 1., 1.],
                [1., 1., 1.]])
    """
    confused = rows_to_one((confusion + confusion.T).float()).fill_diagonal_(0.0)
    worst = confused.max()
    return torch.ones_like(confused) if worst == 0 else 1 + (largest - 1) * confused / worst
