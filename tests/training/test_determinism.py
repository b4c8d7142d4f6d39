"""Every kind of training runs where torch is strict about determinism, and has no step that a GPU could not repeat."""

import pytest
import torch
from killable import CASES, made
from pushpull.kinds import defaults
from pushpull.training import run
from torch.utils._python_dispatch import TorchDispatchMode

# What torch.use_deterministic_algorithms says to raise on CUDA (its documentation, torch 2.13), as operators.
FORBIDDEN = (
    "adaptive_avg_pool",
    "adaptive_max_pool2d_backward",
    "avg_pool3d_backward",
    "max_pool3d",
    "max_unpool",
    "fractional_max_pool",
    "upsample_",
    "reflection_pad1d_backward",
    "reflection_pad2d_backward",
    "reflection_pad3d_backward",
    "replication_pad",
    "nll_loss2d",
    "ctc_loss",
    "put_.default",
    "histc",
    "kthvalue",
    "median",
    "grid_sampler",
    "resize_.",
    "scatter_reduce",
    "_embedding_bag_dense_backward",
)


class Names(TorchDispatchMode):
    """Operators of a step, and those that are forbidden by what they are given."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        of_floats = isinstance(args[0], torch.Tensor) and args[0].is_floating_point() if args else False
        if name.startswith("aten.cumsum") and of_floats:
            name = "cumsum of floats"
        if name.startswith("aten.bincount") and len(args) > 1 and args[1] is not None:
            name = "bincount with weights"
        self.seen.add(name.removeprefix("aten."))
        return func(*args, **(kwargs or {}))


@pytest.fixture
def strict():
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(("kind", "encoder"), CASES)
def test_no_step_has_an_operator_that_is_refused_on_a_gpu(tiny_data, strict, kind, encoder):
    objective, train, _ = made(kind, encoder, tiny_data)
    batch, labels = train.tokens.batch(range(8)), torch.from_numpy(train.labels[:8])
    batch |= objective.prepare(labels) if hasattr(objective, "prepare") else {}
    with Names() as names:
        objective(batch, labels).backward()
        objective.after_step(batch, labels)
    assert any(name.startswith("addmm") or name.startswith("mm") for name in names.seen)
    assert not {name for name in names.seen if name.startswith((*FORBIDDEN, "cumsum of", "bincount with"))}


def test_training_is_strict_and_not_only_warned(tiny_data, tiny_encoder, tmp_path, monkeypatch):
    settings = defaults("supervised") | {"kind": "supervised", "loss": "bce", "epochs": 1, "max_tokens": 8}
    strict = []
    monkeypatch.setattr(run, "fit", lambda *_: strict.append(torch.is_deterministic_algorithms_warn_only_enabled()))
    try:
        run.train(tiny_data, tiny_encoder, {"seed": 1, "settings": settings}, tmp_path)
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    assert strict == [False]
