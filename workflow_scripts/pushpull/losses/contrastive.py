"""Weights of the multi-label contrastive losses of ABALONE, computed from label sets alone.

References are ordered batch, queue, prototypes. Neither function makes a tensor of batch x references x labels.
"""

import math

import torch
from torch import Tensor


def _overlap(anchor_labels: Tensor, reference_labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sizes of intersection and union of label sets, both [B, R]; an empty union counts as 1."""
    intersection = anchor_labels @ reference_labels.T
    union = anchor_labels.sum(1)[:, None] + reference_labels.sum(1)[None, :] - intersection
    return intersection, union.clamp(min=1)


@torch.no_grad()
def jaccard_weights(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Tensor:
    """Weights of L_Base, L_BQueue and L_BQProto: Jaccard similarity of the label sets, each row divided by its sum.

    The prototype of label j counts as a reference with the label set {j} (ABALONE, section 3.2; the paper does not
    say how, this is the natural reading).

    Args:
        anchor_labels: [B, L] multi-hot, floating point.
        reference_labels: [R, L] multi-hot, batch first, then queue.
        exclude: [B, R] bool, true where a reference is the anchor itself.
        prototypes: whether L prototypes follow the references.

    Returns:
        [B, R] or [B, R + L]; rows sum to 1, or are all 0 for an anchor without a positive.
    """
    intersection, union = _overlap(anchor_labels, reference_labels)
    jaccard = (intersection / union).masked_fill(exclude, 0.0)
    if prototypes:
        share = anchor_labels / anchor_labels.sum(1, keepdim=True).clamp(min=1)
        jaccard = torch.cat([jaccard, share], 1)
    total = jaccard.sum(1, keepdim=True)
    return jaccard / total.masked_fill(total == 0, 1.0)


@torch.no_grad()
def msc_weights(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Tensor:
    """Weights of L_MSC: every label of the anchor weighs the same, however many references carry it.

    w_ir = 1/|y_i| sum over shared labels j of f_ir / N_ij with f = 1/|union| and N_ij = 1 + sum of f over the
    references with label j (ABALONE, equation 3, corrected). Without prototypes the 1 is dropped and labels that no
    reference carries are left out of the mean.

    Args and returns: as `jaccard_weights`; an anchor without labels has a row of zeros.
    """
    _, union = _overlap(anchor_labels, reference_labels)
    closeness = union.reciprocal().masked_fill(exclude, 0.0)
    normaliser = closeness @ reference_labels + (1.0 if prototypes else 0.0)
    kept = anchor_labels * (normaliser > 0)
    share = kept / (kept.sum(1, keepdim=True).clamp(min=1) * normaliser.masked_fill(normaliser == 0, 1.0))
    weights = closeness * (share @ reference_labels.T)
    return torch.cat([weights, share], 1) if prototypes else weights


def reference_log_gain(
    exclude: Tensor, prototypes: int, negative_weight: float, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Log of the factor of each reference in the denominator of MSC: beta for texts, 1 for prototypes, 0 if excluded.

    Args:
        exclude: [B, R] bool.
        prototypes: number of prototypes that follow (0 for none).
        negative_weight: beta in (0, 1] (ABALONE, equation 3); 1 gives the plain softmax of L_Base.

    Returns:
        [B, R + prototypes] of type `dtype`.
    """
    gain = torch.full(exclude.shape, math.log(negative_weight), dtype=dtype, device=exclude.device)
    gain = gain.masked_fill(exclude, -math.inf)
    return torch.cat([gain, gain.new_zeros(len(gain), prototypes)], 1)
