"""MSC with label texts in place of trained prototypes: one family of our reconstruction of Push and Pull's losses."""

import math

import torch
from torch import Tensor

from pushpull.losses.contrastive import msc
from pushpull.losses.kernel import weighted_contrast


def texts_and_labels(
    texts: Tensor, names: Tensor, labels: Tensor, temperature: float, negative_weight: float
) -> Tensor:
    """MSC over texts and label texts together: other texts that share a label attract, and so do the label texts.

    The prototype of a label is its text (ABALONE, equation 3, with c_j = v_j). A text is the anchor of each term.

    Args:
        texts: unit vectors [B, d].
        names: unit vectors of the label texts [L, d].
        labels: multi-hot [B, L].
        negative_weight: factor of texts in the denominator, beta of ABALONE.

    Returns:
        A scalar, in float32 (float64 stays); a text without labels adds 0.
    """
    texts, names, labels = (part if part.dtype == torch.float64 else part.float() for part in (texts, names, labels))
    itself = torch.eye(len(texts), dtype=torch.bool, device=texts.device)
    weights, gain, _ = msc(labels, labels, itself, True)
    gain[:, : len(texts)] += math.log(negative_weight)
    similarity = texts @ torch.cat([texts, names]).T / temperature
    return weighted_contrast(similarity, weights, gain).mean()
