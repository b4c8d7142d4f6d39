"""MSC as the library computes it against the form with a tensor of batch x references x labels.

Both from similarities and label sets to the gradient of the similarities, in turn, one thread, CPU time of the best of
three rounds. Memory of the same: the allocator's events, as the profiler records them, in floats per anchor and
reference.
"""

import os
import sys

os.environ |= {"OMP_NUM_THREADS": "1", "KINETO_LOG_LEVEL": "99"}
sys.path.insert(0, "workflow_scripts")

from functools import partial
from itertools import accumulate
from time import process_time
from timeit import timeit

import torch
from pushpull.losses.contrastive import msc
from pushpull.losses.kernel import weighted_contrast
from torch.nn import functional as F

TEMPERATURE, WIDTH, MEMORY_BAR = 0.1, 256, 4.0
SIZES = [(32, 512, 54, 4, 40), (256, 8192, 200, 20, 1)]  # batch, queue, labels, bar, steps of a round


def kernel_loss(scores, sets, batch):
    weights, gain, _ = msc(sets[:batch], sets, torch.eye(batch, len(sets), dtype=torch.bool), True)
    return weighted_contrast(scores, weights, gain).sum() / batch


def cube_loss(scores, sets, batch):
    """Equation 3 as it reads: a share for each anchor, reference and label of the anchor."""
    shared = sets[:batch, None] * sets[None]
    union = sets[:batch].sum(1)[:, None] + sets.sum(1) - shared.sum(2)
    factor = (1 / union).masked_fill(torch.eye(batch, len(sets), dtype=torch.bool), 0)
    share = torch.cat([factor[:, :, None] * shared, torch.diag_embed(sets[:batch])], 1)
    share = share / share.sum(1, keepdim=True).clamp(min=1) / sets[:batch].sum(1)[:, None, None]
    itself = torch.eye(*scores.shape, dtype=torch.bool)
    log_share = scores - scores.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    return -(share * log_share[:, :, None]).sum() / batch


def gradient(loss, scores, sets, batch):
    scores = scores.clone().requires_grad_()
    value = loss(scores, sets, batch)
    value.backward()
    return value.detach(), scores.grad


def floats_at_peak(scores, sets, batch):
    scores = scores.clone().requires_grad_()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as trace:
        kernel_loss(scores, sets, batch).backward()
    events = [event for event in trace.profiler.kineto_results.events() if event.name() == "[memory]"]
    events.sort(key=lambda event: event.start_ns())
    return max(accumulate(event.nbytes() for event in events)) / 4 / scores.numel()


failed = False
for batch, queue, labels, bar, steps in SIZES:
    generator = torch.Generator().manual_seed(0)
    vectors = F.normalize(torch.randn(batch + queue + labels, WIDTH, generator=generator), dim=1)
    sets = (torch.rand(batch + queue, labels, generator=generator) < 3 / labels).float()
    sets[torch.arange(batch + queue), torch.randint(labels, (batch + queue,), generator=generator)] = 1
    scores = vectors[:batch] @ vectors.T / TEMPERATURE
    problem = scores, sets, batch
    torch.testing.assert_close(gradient(kernel_loss, *problem), gradient(cube_loss, *problem), rtol=1e-3, atol=1e-6)
    sides = [partial(gradient, loss, *problem) for loss in (kernel_loss, cube_loss)]
    rounds = [[timeit(side, timer=process_time, number=steps) for side in sides] for _ in range(3)]
    ours, theirs = (min(times) for times in zip(*rounds, strict=True))
    floats = floats_at_peak(*problem)
    failed |= theirs / ours < bar or floats >= MEMORY_BAR
    print(
        f"loss {batch} x {queue} x {labels}: {theirs / ours:.1f} times as fast as the cube (bar {bar}), "
        f"peak {floats:.2f} floats per anchor and reference (bar {MEMORY_BAR:.0f})"
    )
sys.exit(int(failed))
