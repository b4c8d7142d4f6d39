"""L_con of kNN-MLTC, with and without its dynamic coefficient; the arguments are those of `contrastive`.

It is defined on the batch; a queue or prototypes beside it count as further references.
"""

import torch
from torch import Tensor

from pushpull.losses.kernel import Contrast, plain_log_gain, rows_to_one, with_prototypes


@torch.no_grad()
def shared_labels(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """L_con of kNN-MLTC (its equation 5): a reference weighs as many labels as it shares, each row divided by its sum.

    Meant for the setting `similarity: euclidean`, minus the distance of unprojected vectors, at temperature 10.
    """
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    shared = (anchor_labels @ reference_labels.T).masked_fill(exclude, 0.0)
    return Contrast(rows_to_one(shared), plain_log_gain(exclude, shared.dtype))


@torch.no_grad()
def shared_or_not(anchor_labels: Tensor, reference_labels: Tensor, exclude: Tensor, prototypes: bool) -> Contrast:
    """L_con without its dynamic coefficient: all references that share a label weigh the same (kNN-MLTC, Table 5)."""
    reference_labels, exclude = with_prototypes(reference_labels, exclude, prototypes)
    shared = (anchor_labels @ reference_labels.T).clamp_(max=1).masked_fill(exclude, 0.0)
    return Contrast(rows_to_one(shared), plain_log_gain(exclude, shared.dtype))
