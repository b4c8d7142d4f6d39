"""The contrastive ladder of ABALONE, from SupCon to MSC: each loss as what label sets make of the references.

References are ordered batch, queue, prototypes. No function makes a tensor of batch x references x labels. All take:

    anchor_labels     [B, L] multi-hot, floating point
    reference_labels  [R, L] multi-hot, batch first, then queue
    exclude           [B, R] bool, true where a reference is the anchor itself
    prototypes        whether L prototypes follow the references

and return a `Contrast` over R or R + L references.
"""

import torch
from torch import Tensor

from pushpull.losses.kernel import Contrast, overlap, plain_log_gain, rows_to_one, with_prototypes


@torch.no_grad()
def supcon(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """L_SupCon (Khosla et al., 2020; ABALONE, equation 1): positives are the references of the anchor's class.

    A class is an exact label set; the prototype of label j is of the class {j}. Documents without labels have no
    positive.
    """
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    intersection, union = overlap(anchor_labels, reference_labels)
    same = (intersection == union).masked_fill(exclude, False).to(anchor_labels)
    return Contrast(rows_to_one(same), plain_log_gain(exclude, anchor_labels.dtype))


@torch.no_grad()
def jaccard(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """L_Base, L_BQueue and L_BQProto: Jaccard similarity of the label sets, each row divided by its sum.

    The prototype of label j counts as a reference with the label set {j} (ABALONE, section 3.2; the paper does not
    say how, this is the natural reading).
    """
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    intersection, union = overlap(anchor_labels, reference_labels)
    similar = intersection.div_(union).masked_fill_(exclude, 0.0)
    return Contrast(rows_to_one(similar), plain_log_gain(exclude, similar.dtype))


@torch.no_grad()
def msc(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """L_MSC: every label of the anchor weighs the same, however many references carry it.

    w_ir = 1/|y_i| sum over shared labels j of f_ir / N_ij with f = 1/|union| and N_ij = 1 + sum of f over the
    references with label j (ABALONE, equation 3, corrected). Without prototypes the 1 is dropped and labels that no
    reference carries are left out of the mean. An anchor without labels has a row of zeros. The factor beta of texts
    in the denominator is the setting `negative_weight`.
    """
    closeness = overlap(anchor_labels, reference_labels)[1].reciprocal_().masked_fill_(exclude, 0.0)
    normaliser = closeness @ reference_labels + (1.0 if prototypes else 0.0)
    kept = anchor_labels * (normaliser > 0)
    share = kept / (kept.sum(1, keepdim=True).clamp(min=1) * normaliser.masked_fill(normaliser == 0, 1.0))
    weights = closeness.mul_(share @ reference_labels.T)
    if prototypes:
        weights = torch.cat([weights, share], 1)
        exclude = torch.cat([exclude, torch.zeros_like(share, dtype=torch.bool)], 1)
    return Contrast(weights, plain_log_gain(exclude, weights.dtype))
