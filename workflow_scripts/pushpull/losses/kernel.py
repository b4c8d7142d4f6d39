"""The one kernel behind every contrastive loss: a softmax over references against given weights."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Contrast(NamedTuple):
    """What label sets make of the references of a batch of B anchors; no gradient flows through it.

    Attributes:
        weights: [B, R], the share of each reference in an anchor's attraction; a row of zeros: no positive.
        log_gain: [B, R], log of the factor of a reference in the denominator; -inf leaves it out.
        constant: [B], what the printed loss adds to each anchor beside the kernel; moves no gradient.
    """

    weights: Tensor
    log_gain: Tensor
    constant: Tensor | float = 0.0


def weighted_contrast(similarity: Tensor, weights: Tensor, log_gain: Tensor) -> Tensor:
    """Weighted contrastive loss of each anchor, -sum_r w_ir [s_ir - log sum_a g_ia exp(s_ia)].

    Every loss of the family is this function with other weights (ABALONE, equation 3 in matrix form). The gradient
    with respect to the similarity is `softmax(similarity + log_gain) - weights` for rows of weights that sum to 1.

    Args:
        similarity: [B, R], already divided by the temperature; taken to float32 (float64 stays).
        weights: [B, R], not negative, no gradient; a row of zeros makes its anchor contribute 0.
        log_gain: [B, R] or broadcastable, log of the factor of a reference in the denominator; -inf leaves it out.

    Returns:
        [B] losses. May be negative where a gain is below 1.

    Example:
        >>> weighted_contrast(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        tensor([0.6931])
    """
    similarity = similarity if similarity.dtype == torch.float64 else similarity.float()
    return _WeightedContrast.apply(similarity, weights, log_gain)


class _WeightedContrast(torch.autograd.Function):
    """The kernel with its gradient worked out beside it: one [B, R] is kept for it, autograd would keep three."""

    @staticmethod
    def forward(context, similarity: Tensor, weights: Tensor, log_gain: Tensor) -> Tensor:
        mass, attraction = weights.sum(1), (weights * similarity).sum(1)
        scores = similarity + log_gain
        # An anchor without any reference has log sum exp = -inf; its mass is 0, and 0 * -inf would be NaN.
        scores.masked_fill_((mass == 0)[:, None], 0.0)
        largest = scores.amax(1, keepdim=True)
        scores.sub_(largest).exp_()
        total = scores.sum(1, keepdim=True)
        context.save_for_backward(scores.mul_(mass[:, None] / total).sub_(weights))
        return mass * (largest + total.log())[:, 0] - attraction

    @staticmethod
    @once_differentiable
    def backward(context, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = context.saved_tensors
        return gradient[:, None] * slope, None, None


def plain_log_gain(exclude: Tensor, dtype: torch.dtype) -> Tensor:
    """Every reference counts once in the denominator, the anchor itself not: 0, or -inf where `exclude` [B, R]."""
    return torch.zeros(exclude.shape, dtype=dtype, device=exclude.device).masked_fill_(exclude, -math.inf)


def overlap(anchor_labels: Tensor, reference_labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sizes of intersection and union of label sets [B, L] and [R, L], both [B, R]; an empty union counts as 1."""
    intersection = anchor_labels @ reference_labels.T
    union = anchor_labels.sum(1)[:, None] + reference_labels.sum(1)[None, :]
    return intersection, union.sub_(intersection).clamp_(min=1)


def with_prototypes(reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> tuple[Tensor, Tensor]:
    """Label sets of all references and where they are the anchor itself, a prototype having the label set {j}."""
    if not prototypes:
        return reference_labels, exclude
    labels = reference_labels.shape[1]
    own = torch.eye(labels, dtype=reference_labels.dtype, device=reference_labels.device)
    return torch.cat([reference_labels, own]), torch.cat([exclude, exclude.new_zeros(len(exclude), labels)], 1)


def rows_to_one(values: Tensor) -> Tensor:
    """Divide each row of [B, R] by its sum; a row of zeros stays."""
    total = values.sum(1, keepdim=True)
    return values / total.masked_fill(total == 0, 1.0)


def negative_distance(anchors: Tensor, references: Tensor) -> Tensor:
    """Minus the Euclidean distance of [B, d] and [R, d]: [B, R], with a gradient of 0 where two vectors are equal.

    Squares are clamped before the root: its derivative at 0 is infinite (kNN-MLTC, section 3.2, leaves it undefined).
    """
    norms = (anchors**2).sum(1)[:, None] + (references**2).sum(1)
    return -(norms - 2 * anchors @ references.T).clamp(min=1e-12).sqrt()
