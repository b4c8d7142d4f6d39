"""The one kernel behind every contrastive loss: a softmax over references against given weights."""

import torch
from torch import Tensor


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
    mass = weights.sum(1)
    # An anchor without any reference has log sum exp = -inf; its mass is 0, and 0 * -inf would be NaN.
    log_gain = log_gain.masked_fill((mass == 0)[:, None], 0.0)
    return mass * torch.logsumexp(similarity + log_gain, 1) - (weights * similarity).sum(1)
