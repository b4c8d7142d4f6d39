"""The linear probe as one weight matrix against one fit after another, 54 labels x 15 grid points x 3 starts.

Both sides in turn, one thread, best CPU time of several. One after another is measured on the 45 fits of one label and
scaled to 54. In float64 the label's decisions must be the same.
"""

import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, "workflow_scripts")

from time import process_time

import numpy as np
import torch
from pushpull.evaluation.linear_probe import PAPER_GRID, batch_order, decide, fit_probe, initial_weights, predict
from sklearn.metrics import f1_score
from torch.nn import functional as F

DOCUMENTS, VALIDATION, WIDTH, LABELS, STARTS = 2000, 500, 768, 54, 3
EPOCHS, BATCH, TIMES, BAR = 10, 256, 3, 45


def problem():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((DOCUMENTS + VALIDATION, WIDTH))
    scores = x @ generator.standard_normal((WIDTH, LABELS)) / WIDTH**0.5 + generator.standard_normal((len(x), LABELS))
    return x, (scores > 1.2).astype(np.uint8)


def together(x, y):
    parts = x[:DOCUMENTS], y[:DOCUMENTS], x[DOCUMENTS:], y[DOCUMENTS:]
    return fit_probe(*parts, seed=0, starts=STARTS, epochs=EPOCHS, batch_size=BATCH)


def alone(x, y, start, rate, decay):
    """One label, one grid point, one start; probabilities of the validation documents."""
    layer = torch.nn.Linear(WIDTH, 1, dtype=x.dtype)
    with torch.no_grad():
        layer.weight[0] = torch.from_numpy(initial_weights(WIDTH, 0, start))
        layer.bias.zero_()
    groups = [{"params": [layer.weight], "weight_decay": decay}, {"params": [layer.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    steps = EPOCHS * -(-DOCUMENTS // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for epoch in range(EPOCHS):
        for rows in torch.from_numpy(batch_order(DOCUMENTS, 0, start, epoch)).split(BATCH):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(layer(x[rows])[:, 0], y[rows]).backward()
            optimizer.step()
            schedule.step()
    return layer(x[DOCUMENTS:]).detach()[:, 0].sigmoid().numpy()


def one_by_one(x, y):
    """Decisions of one label after its 15 x 3 fits."""
    x, truth, y = torch.from_numpy(x), y[DOCUMENTS:], torch.from_numpy(y.astype(x.dtype))
    points = [np.mean([alone(x, y, start, *point) for start in range(STARTS)], axis=0) > 0.5 for point in PAPER_GRID]
    return max(points, key=lambda decisions: f1_score(truth, decisions, zero_division=0))  # the earliest of equals


def seconds(function, *arguments):
    began = process_time()
    function(*arguments)
    return process_time() - began


x, y = problem()
single = x.astype(np.float32)
runs = [(seconds(together, single, y), seconds(one_by_one, single, y[:, 0])) for _ in range(TIMES)]
ratio = LABELS * min(run[1] for run in runs) / min(run[0] for run in runs)
ours, theirs = decide(predict(together(x, y), x[DOCUMENTS:]), "multi")[:, 0], one_by_one(x, y[:, 0])
print(
    f"linear probe of {DOCUMENTS} x {WIDTH}, {LABELS} x {len(PAPER_GRID)} x {STARTS} fits, {EPOCHS} epochs: "
    f"{ratio:.0f} times as fast as one by one (1/{LABELS} measured, bar {BAR}); float64: {(ours != theirs).sum()} of "
    f"{VALIDATION} decisions differ, {ours.sum()} are positive"
)
sys.exit(int(ratio < BAR or (ours != theirs).any() or not ours.any()))
