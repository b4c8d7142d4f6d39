"""Losses that pull texts to their label texts and push them from the others.

Only the abstract of "Push and Pull" (Van Nooten and Kosar, LREC 2026) is public, so these are our reconstruction: three
families that cover the literature, two of them with a variant; the one that compares texts with each other, too, is in
`texts_and_labels`. Those here take cosines [B, L] of texts and label texts and multi-hot labels [B, L], work in float32
(float64 stays) and return a scalar. A text without labels adds 0 to the contrastive ones and is a negative for every
label in the pairwise ones.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from pushpull.losses.kernel import rows_to_one, weighted_contrast


def text_to_label(cosines: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Multi-positive InfoNCE from a text to its labels, all labels in the denominator; the mean over texts.

    -1/B sum_i 1/|y_i| sum_{j in y_i} log softmax_j(cos_i / temperature). Its least value for a text is log |y_i|,
    since its labels compete with each other.

    Example:
        >>> text_to_label(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), temperature=0.1)
        tensor(0.6931)
    """
    cosines, labels = _wide(cosines), _wide(labels)
    return weighted_contrast(cosines / temperature, rows_to_one(labels), torch.zeros_like(cosines)).mean()


def text_to_label_decoupled(cosines: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """`text_to_label` with each positive against the negatives alone, as dual encoders for many labels do.

    Labels of one text do not compete, so the loss can reach 0. The same as `text_to_label` for texts with one label.
    """
    cosines, labels = _wide(cosines), _wide(labels)
    scores, held = cosines / temperature, labels > 0
    # Not -inf: a text that has every label has no negatives, and the gradient of their log-sum-exp would be NaN.
    negatives = scores.masked_fill(held, torch.finfo(scores.dtype).min / 2).logsumexp(1, keepdim=True)
    return (rows_to_one(labels) * F.softplus(negatives - scores)).sum(1).mean()


def margin(cosines: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Squared distance of a positive's cosine to 1, of a negative's to `margin` where it is above; the mean over pairs.

    An absolute scale, which one threshold for all labels wants.

    Example:
        >>> margin(torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]]), margin=0.3)
        tensor(0.1450)
    """
    cosines, labels = _wide(cosines), _wide(labels)
    return (labels * (1 - cosines) ** 2 + (1 - labels) * (cosines - margin).clamp(min=0) ** 2).mean()


def cosine_bce(cosines: Tensor, labels: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Binary cross-entropy of sigmoid(scale x cosine + offset); positives and negatives weigh one half each.

    Args:
        scale: a scalar above 0, learned.
        offset: a scalar, learned.
    """
    cosines, labels = _wide(cosines), _wide(labels)
    losses = F.binary_cross_entropy_with_logits(scale * cosines + offset, labels, reduction="none")
    return sum((losses * part).sum() / part.sum().clamp(min=1) for part in (labels, 1 - labels)) / 2


def _wide(tensor: Tensor) -> Tensor:
    """Leave bf16 behind, keep float64."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()
