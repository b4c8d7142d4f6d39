"""Between reports a training step asks the device for no number: a GPU would stand still until it is answered."""

import traceback

import pytest
import torch
from killable import METHODS, made
from pushpull.training import loop
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

ASKING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "equal.default", "repeat_interleave.Tensor")
READING = ("tolist", "numpy", "__array__", "cpu")
CASES = [(kind, "transformer") for kind in METHODS]
CASES += [(kind, "ldgn") for kind in ("supervised", "joint", "label_distance")]


class Asked(TorchDispatchMode):
    """Operations whose result must be known on the host before it can go on: a number, the size of a result.

    What transformers asks of a padded batch's mask is not counted: packed batches bring their own.
    """

    def __init__(self, reads):
        super().__init__()
        self.reads = reads

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        indices = args[1] if func in (torch.ops.aten.index.Tensor, torch.ops.aten.index_put_.default) else ()
        by_mask = any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices)
        if by_mask or any(name in str(func) for name in ASKING):
            stack = traceback.extract_stack()
            if not any(frame.filename.endswith("masking_utils.py") for frame in stack):
                self.reads.append((str(func), stack[-8:]))
        return func(*args, **(kwargs or {}))


class Read(TorchFunctionMode):
    """Tensors read by Python, but for those that were sent to the host without waiting."""

    def __init__(self, reads):
        super().__init__()
        self.reads, self.sent = reads, []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if func.__name__ == "to" and (kwargs or {}).get("non_blocking"):
            self.sent.append(found)
        elif func.__name__ in READING and not any(args[0] is tensor for tensor in self.sent):
            self.reads.append((func.__name__, traceback.extract_stack()[-4:]))
        return found


def reads_of_an_epoch(objective, train, settings, folder, monkeypatch):
    def end(*_):
        raise InterruptedError

    monkeypatch.setattr(loop, "_finish_epoch", end)
    reads = []
    with pytest.raises(InterruptedError), Asked(reads), Read(reads):
        loop.fit(objective, train, train, settings, {"seed": 1}, "cpu", folder)
    return reads


@pytest.mark.parametrize(("kind", "encoder"), CASES)
def test_no_step_of_an_epoch_reads_from_the_device(tiny_data, tmp_path, monkeypatch, kind, encoder):
    assert reads_of_an_epoch(*made(kind, encoder, tiny_data), tmp_path, monkeypatch) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda loss: loss.item(),
        float,
        bool,
        lambda loss: loss.tolist(),
        lambda loss: loss.detach().cpu(),
        lambda loss: loss.detach().numpy(),
        lambda loss: loss[loss > 0],
        lambda loss: loss.nonzero(),
    ],
)
def test_each_way_to_read_is_counted(tiny_data, tmp_path, monkeypatch, read):
    objective, train, settings = made("supervised", "ldgn", tiny_data)
    plain = type(objective).forward

    def forward(self, batch, labels):
        loss = plain(self, batch, labels)
        read(loss)
        return loss

    monkeypatch.setattr(type(objective), "forward", forward)
    assert len(reads_of_an_epoch(objective, train, settings, tmp_path, monkeypatch)) >= 6  # steps
