"""The linear probe: one logistic regression per label on frozen embeddings, all in one weight matrix.

AdamW works element by element and every label's loss is its own, so all labels and all grid points can
share one matrix product per batch and still be fitted exactly as if each were alone.
"""

from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from pushpull.evaluation.metrics import f1
from pushpull.evaluation.protocols import one_best

# (learning rate, weight decay) in the order printed in "Exploring Contrastive Learning for Long-Tailed
# Multi-Label Text Classification"; ties go to the earlier point.
PAPER_GRID = tuple((rate, decay) for rate in (1.0, 1e-1, 1e-2) for decay in (1.0, 1e-1, 1e-2, 1e-4, 1e-6))
# The released code tries fewer points.
RELEASED_GRID = tuple((rate, decay) for rate in (1.0, 1e-1) for decay in (1.0, 1e-1, 1e-2, 1e-4))
GRIDS = {"paper": PAPER_GRID, "released": RELEASED_GRID}
CHUNK = 4096


class Probe(NamedTuple):
    """A fitted probe, on the CPU."""

    weight: torch.Tensor  # [starts, d, labels]
    bias: torch.Tensor  # [starts, labels]
    grid_point: np.ndarray  # int64 [labels], index of the grid point chosen
    validation_f1: np.ndarray  # float64 [labels, grid]


def fit_probe(
    train: np.ndarray,
    labels: np.ndarray,
    validation: np.ndarray,
    validation_labels: np.ndarray,
    *,
    seed: int,
    grid: tuple[tuple[float, float], ...] = PAPER_GRID,
    starts: int = 3,
    epochs: int = 40,
    batch_size: int = 256,
    device: str = "cpu",
) -> Probe:
    """Fit every label x grid point x start; keep for each label the grid point of its best validation F1.

    AdamW (no weight decay on the bias), mean binary cross-entropy, learning rate falling linearly to 0, no
    warm-up. Probabilities are averaged over the starts, and 1 is predicted above 0.5 (exactly 0.5 rounds to
    0). The starts differ in initial weights and batch order. A start draws its initial weights once,
    Xavier-uniform for a logistic regression d -> 1, zero bias, and gives them to every label and grid
    point: so a label's probe depends neither on which other labels there are nor on their order.

    Equal F1: the earlier grid point. A label with no validation positive has F1 0 at every point and thus
    takes the first one: the strongest decay, which all but silences the embedding and keeps to the majority
    decision.

    Args:
        train: float [n, d], and `labels`: bool or uint8 [n, labels]. Computed in the dtype of `train`.
        validation: float [m, d], and `validation_labels`: bool or uint8 [m, labels].
        seed: with the number of the start, and of the epoch, it sets all random draws.
        grid: pairs (learning rate, weight decay).

    Source:
        Audibert, Gauffre, Amini, "Exploring Contrastive Learning for Long-Tailed Multi-Label Text
        Classification", linear probe, with details from the authors' released code.
    """
    precision = torch.get_float32_matmul_precision()
    # TF32 would flip the sign-like first Adam steps at learning rate 1.
    torch.set_float32_matmul_precision("highest")
    weight, bias = _fit_columns(
        _tensor(train).to(device), _tensor(labels).to(device), seed, grid, starts, epochs, batch_size
    )
    scores = _f1_per_column(weight, bias, validation, validation_labels)
    torch.set_float32_matmul_precision(precision)
    best = scores.argmax(axis=1)
    chosen = torch.from_numpy(best).to(device), torch.arange(len(best), device=device)
    kept = weight[:, chosen[0], chosen[1]].transpose(1, 2)
    return Probe(kept.contiguous().cpu(), bias[:, chosen[0], chosen[1]].cpu(), best, scores)


def predict(probe: Probe, embeddings: np.ndarray) -> np.ndarray:
    """Return the probabilities of `embeddings` [n, d], averaged over the starts: float32 [n, labels]."""
    probabilities = np.empty((len(embeddings), probe.bias.shape[1]), dtype=np.float32)
    for begin in range(0, len(embeddings), CHUNK):
        chunk = _tensor(embeddings[begin : begin + CHUNK]).to(probe.weight.dtype)
        logits = torch.baddbmm(probe.bias[:, None], chunk.expand(len(probe.bias), -1, -1), probe.weight)
        probabilities[begin : begin + CHUNK] = logits.sigmoid_().mean(0)
    return probabilities


def decide(probabilities: np.ndarray, task: str) -> np.ndarray:
    """Return bool [n, labels]: above 0.5 for task "multi", the most probable label for "single"."""
    return probabilities > 0.5 if task == "multi" else one_best(probabilities)


def initial_weights(dimension: int, seed: int, start: int) -> np.ndarray:
    """Return the weights that a start gives to every column: Xavier-uniform for d -> 1, float64 [d]."""
    bound = np.sqrt(6 / (dimension + 1))
    return np.random.default_rng([seed, start]).uniform(-bound, bound, dimension)


def batch_order(documents: int, seed: int, start: int, epoch: int) -> np.ndarray:
    """Return the order in which a start reads the documents in an epoch (from 0): a permutation, int64."""
    return np.random.default_rng([seed, start, epoch, documents]).permutation(documents)


def _fit_columns(
    x: torch.Tensor,
    y: torch.Tensor,
    seed: int,
    grid: tuple[tuple[float, float], ...],
    starts: int,
    epochs: int,
    batch_size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all weights [starts, grid, labels, d] and biases [starts, grid, labels] after training."""
    documents, dimension = x.shape
    labels, y = y.shape[1], y.to(x.dtype)
    columns = len(grid) * labels
    first = np.stack([initial_weights(dimension, seed, start) for start in range(starts)])
    weight = torch.from_numpy(first).to(x)[:, None].repeat(1, columns, 1)
    bias = torch.zeros(starts, columns, dtype=x.dtype, device=x.device)
    weight_gradient, bias_gradient = torch.empty_like(weight), torch.empty_like(bias)
    buffer = torch.empty(min(batch_size, documents), columns, dtype=x.dtype, device=x.device)
    optimizer = _optimizer(weight, weight_gradient, bias, bias_gradient, grid)
    steps = epochs * -(-documents // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)

    for epoch in tqdm(range(epochs), desc="linear probe", unit="epoch", mininterval=5):
        orders = [batch_order(documents, seed, start, epoch) for start in range(starts)]
        orders = torch.from_numpy(np.stack(orders)).to(x.device)
        for rows in orders.split(batch_size, dim=1):
            for start in range(starts):
                inputs, targets = x[rows[start]], y[rows[start]]
                errors = buffer[: len(inputs)]
                torch.addmm(bias[start], inputs, weight[start].T, out=errors)
                errors.sigmoid_().view(len(inputs), len(grid), labels).sub_(targets[:, None])
                torch.mm(errors.T, inputs.div_(len(inputs)), out=weight_gradient[start])
                torch.mean(errors, 0, out=bias_gradient[start])
            optimizer.step()
            schedule.step()
    shape = (starts, len(grid), labels)
    return weight.view(*shape, dimension), bias.view(shape)


def _optimizer(
    weight: torch.Tensor,
    weight_gradient: torch.Tensor,
    bias: torch.Tensor,
    bias_gradient: torch.Tensor,
    grid: tuple[tuple[float, float], ...],
) -> torch.optim.AdamW:
    """Return one AdamW, its groups by grid point, its parameters views of the large tensors."""

    def parameters(values: torch.Tensor, gradients: torch.Tensor, point: int) -> list[torch.nn.Parameter]:
        views = []
        for value, gradient in zip(values, gradients, strict=True):
            view = torch.nn.Parameter(value.chunk(len(grid))[point])
            view.grad = gradient.chunk(len(grid))[point]
            views.append(view)
        return views

    groups = []
    for point, (rate, decay) in enumerate(grid):
        for values, gradients, group_decay in (
            (weight, weight_gradient, decay),
            (bias, bias_gradient, 0.0),
        ):
            params = parameters(values, gradients, point)
            groups.append({"params": params, "lr": rate, "weight_decay": group_decay})
    return torch.optim.AdamW(groups, fused=True)


def _f1_per_column(weight: torch.Tensor, bias: torch.Tensor, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the F1 of the probabilities averaged over the starts, float64 [labels, grid]."""
    starts, points, classes, dimension = weight.shape
    tp = torch.zeros(points, classes, dtype=torch.int64, device=weight.device)
    decided = torch.zeros_like(tp)
    for begin in range(0, len(embeddings), CHUNK):
        inputs = _tensor(embeddings[begin : begin + CHUNK]).to(weight)
        truth = _tensor(labels[begin : begin + CHUNK]).to(weight.device, torch.bool)
        total = 0
        for start in range(starts):
            columns = weight[start].view(-1, dimension).T
            total = total + torch.addmm(bias[start].flatten(), inputs, columns).sigmoid_()
        decisions = (total / starts > 0.5).view(len(inputs), points, classes)
        decided += decisions.sum(0)
        tp += (decisions & truth[:, None]).sum(0)
    return f1(tp.cpu().numpy(), decided.cpu().numpy() + np.count_nonzero(labels, axis=0)).T


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array))
