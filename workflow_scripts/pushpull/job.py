"""What every workflow script does around its work: log, name the mistake in one line, leave cleanly."""

import errno
import gc
import os
import platform
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pushpull.errors import InputError
from pushpull.lease import leased_gpu
from pushpull.slurm import SAVED, requeue_if_out_of_time

GPU_IS_THERE = "PUSHPULL_GPU_IS_THERE"
"""Environment variable: jobs that ask for a GPU are given one, by a cluster or by a lease."""
HUB_OFFLINE = "PUSHPULL_HUB_OFFLINE"
"""Environment variable: what HF_HUB_OFFLINE was before all jobs but `fetch_encoder` were kept from the network."""

_MEMORY = "Lower batch_size or max_tokens, or ask for more memory (mem_mb of the rule)"
# What is wrong with the machine, in the words of the system, numpy and torch (others hide the number in a text).
ADVICE = {
    os.strerror(errno.ENOSPC): "Free some space",
    os.strerror(errno.EDQUOT): "Free some space",
    os.strerror(errno.EROFS): "Make the folder writable, or work in another one",
    os.strerror(errno.EACCES): "Give yourself the right to read and write there",
    os.strerror(errno.ENOMEM): _MEMORY,
    "out of memory": _MEMORY,
    "Unable to allocate": _MEMORY,
}
# Between two looks for garbage. Imports make half a million, and all of them stay: to look through them every 700 takes
# a fifth of a job's start. A step of training leaves none.
NEW_OBJECTS = 100_000


class _Tee:
    """Writes to the terminal and to the log, so that a failed job's log holds all it printed."""

    def __init__(self, *streams: TextIO) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()

    def isatty(self) -> bool:
        return False


@contextmanager
def job(log: str, resources: Mapping[str, object] | None = None) -> Iterator[None]:
    """Run the body of a script with its output copied to `log`, with a GPU of its own where `resources` ask for one.

    An `InputError`, a full or closed disk, too little memory and Ctrl-C end the job with a line instead of a traceback
    (exit status 1 or 130). So does a GPU that the job was given and cannot use.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    gpu = asks_for_gpu(resources or {})
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    print_anything()
    with path.open("w", buffering=1, encoding="utf-8") as stream:
        sys.stdout, sys.stderr = _Tee(sys.__stdout__, stream), _Tee(sys.__stderr__, stream)
        try:
            with leased_gpu(gpu):
                if gpu and os.environ.get(GPU_IS_THERE):
                    _insist_on_gpu()
                yield
        except SystemExit as left:
            if left.code == SAVED:
                requeue_if_out_of_time()
            raise
        except InputError as error:
            _leave(f"error: {error}", 1)
        except KeyboardInterrupt:
            _leave("stopped; what is finished is kept, run the same command again to go on", 130)
        except Exception as error:
            traceback.print_exc(file=stream)  # the interpreter prints it to the terminal
            said = str(error) or ("out of memory" if isinstance(error, MemoryError) else "")
            for advice in [advice for words, advice in ADVICE.items() if words in said][:1]:
                _leave(f"error: {said}\n{advice}, and run the same command again; what is finished is kept.", 1)
            raise
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            gc.freeze()  # or Python looks through all objects once more as it ends, for a second


def print_anything() -> None:
    """Let a terminal whose encoding lacks a character show its number, as in \\u2212: printing it would end the run."""
    for stream in (sys.__stdout__, sys.__stderr__):
        stream.reconfigure(errors="backslashreplace")


def asks_for_gpu(resources: Mapping[str, object]) -> bool:
    """Whether a rule asks for a GPU, as `gpu: 1` or, where a cluster wants that, as `gres: "gpu:1"`."""
    return bool(resources.get("gpu")) or "gpu" in str(resources.get("gres", ""))


def _insist_on_gpu() -> None:
    """A training that computed on a CPU without a word would take until its time limit, and again after each retry."""
    import torch  # a job that asks for a GPU needs it anyway

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return
    why = f": {str(said[0].message).splitlines()[0]}" if said else ""
    raise InputError(
        f"this job was given a GPU and torch {torch.__version__} finds none on {platform.node()}{why}. Update the "
        "driver there, install the torch of its CUDA version, or leave that node out (slurm_extra: --exclude=...); "
        "with --config allow_cpu=true jobs compute on the CPU where they find no GPU"
    )


def cpu_count(threads: int, resources: Mapping[str, object]) -> int:
    """Threads this job may use: its Snakemake threads, or the `cpus_per_task` that a cluster profile asked for.

    `--cores all` caps a rule's threads at the CPUs of the submit host (Snakemake #2997), and the variables of Slurm
    are stripped inside a job, so the resource is the truth there.
    """
    return max(threads, int(resources.get("cpus_per_task", 1)))


def _leave(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)
