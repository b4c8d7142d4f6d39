"""Losses of classifiers: cross-entropy, and the element-wise ones of ABALONE (section 4.2, misprints corrected).

All take logits [B, L] and multi-hot labels [B, L]; element-wise ones return the mean over documents and labels, in
float32.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy.

    Example:
        >>> bce(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
        tensor(0.6931)
    """
    return F.binary_cross_entropy_with_logits(_wide(logits), _wide(labels))


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax cross-entropy of single-label tasks, the mean over documents (CLLD, L_c); labels one-hot.

    Example:
        >>> cross_entropy(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
        tensor(0.6931)
    """
    return F.cross_entropy(_wide(logits), _wide(labels))


def focal(logits: Tensor, labels: Tensor, gamma: float = 2.0) -> Tensor:
    """Focal loss without class weight; `gamma` 0 is binary cross-entropy."""
    return _focused(logits, labels, gamma, gamma, 0.0)


def asymmetric(
    logits: Tensor,
    labels: Tensor,
    gamma_positive: float = 0.0,
    gamma_negative: float = 3.0,
    margin: float = 0.3,
) -> Tensor:
    """Asymmetric loss: negatives are focused more than positives, and those with p <= margin cost exactly 0.

    As printed, ABALONE shifts the positives too and multiplies them by (1 - y); here only negatives are shifted,
    as in the original loss (Ridnik et al.).
    """
    return _focused(logits, labels, gamma_positive, gamma_negative, margin)


def _focused(logits: Tensor, labels: Tensor, gamma_positive: float, gamma_negative: float, margin: float) -> Tensor:
    logits, labels = _wide(logits), _wide(labels)
    positive = F.logsigmoid(logits)
    if gamma_positive:
        positive = torch.sigmoid(-logits).pow(gamma_positive) * positive
    if margin:
        shifted = (torch.sigmoid(logits) - margin).clamp(min=0)
        negative = torch.log1p(-shifted)
    else:
        shifted = torch.sigmoid(logits)
        negative = F.logsigmoid(-logits)
    if gamma_negative:
        negative = shifted.pow(gamma_negative) * negative
    return -(labels * positive + (1 - labels) * negative).mean()


def _wide(tensor: Tensor) -> Tensor:
    """Leave bf16 behind, keep float64."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()
