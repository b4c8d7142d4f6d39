"""Losses of other papers that ABALONE's appendix restates: JSCL in two forms, MulCon (L_con is in `shared_labels`).

JSCL has the arguments of `contrastive`; it is defined on the batch, and a queue or prototypes beside it count as
further references (a prototype with the label set {j}).
"""

import torch
from torch import Tensor

from pushpull.losses.contrastive import supcon
from pushpull.losses.kernel import Contrast, overlap, plain_log_gain, rows_to_one, weighted_contrast, with_prototypes


@torch.no_grad()
def jscl(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """JSCL as intended: the Jaccard similarity inside the logarithm, -1/B sum over overlapping k of log(J_ik q_ik).

    log J has no gradient, so every overlapping reference attracts alike (Lin et al., as restated in ABALONE,
    appendix). Printed with two minus signs, which cancel; pairs without overlap are left out, for log 0 is not finite.
    """
    anchors = len(anchor_labels)
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    intersection, union = overlap(anchor_labels, reference_labels)
    similar = (intersection / union).masked_fill(exclude, 0.0)
    positive = similar > 0
    constant = -similar.masked_fill(~positive, 1.0).log().sum(1) / anchors
    return Contrast(positive.to(similar) / anchors, plain_log_gain(exclude, similar.dtype), constant)


@torch.no_grad()
def jscl_released(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """JSCL as its public code has it: every other document attracts, the Jaccard similarity weighs the denominator.

    -1/(B-1) sum over k of [s_ik - log sum_a J_ia exp(s_ia)]. The code's factor temperature / base temperature only
    scales the loss and is 1 here. An anchor without any overlap would be infinite: it contributes 0.
    """
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    intersection, union = overlap(anchor_labels, reference_labels)
    similar = (intersection / union).masked_fill(exclude, 0.0)
    others = (~exclude & (similar > 0).any(1, keepdim=True)).to(similar)
    return Contrast(rows_to_one(others), similar.log())


def mulcon(vectors: Tensor, positives: Tensor, temperature: float) -> Tensor:
    """MulCon over label-specific vectors (ABALONE, appendix F; Dao et al.): SupCon of all (document, label) pairs.

    -1/|I| sum over the positive pairs (i, l) of the mean over the other documents k with label l of
    log softmax(z_i^l . z_k^l / temperature), the softmax over all positive pairs but (i, l). Printed with one sum too
    many and without the minus sign. A constant vector for each label minimises it: it needs a classifier beside it.

    Args:
        vectors: [B, L, d], unit vectors.
        positives: int64 [2, P], document and label of every positive pair.

    Returns:
        The loss, a scalar; 0 where no document has a label.
    """
    document, label = positives
    anchors = vectors[document, label]
    if not len(anchors):
        return vectors.sum() * 0.0
    classes = torch.eye(vectors.shape[1], dtype=anchors.dtype, device=anchors.device)[label]
    itself = torch.eye(len(anchors), dtype=torch.bool, device=anchors.device)
    contrast = supcon(classes, classes, itself, False)
    losses = weighted_contrast(anchors @ anchors.T / temperature, contrast.weights, contrast.log_gain)
    return losses.mean()
