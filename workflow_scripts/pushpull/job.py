"""What every workflow script does around its work: log, name the mistake in one line, leave cleanly."""

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pushpull.errors import InputError
from pushpull.lease import leased_gpu

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
def job(log: str, gpu: object = 0) -> Iterator[None]:
    """Run the body of a script with its output copied to `log`, with a GPU of its own where it asks for one.

    An `InputError`, a full or closed disk, too little memory and Ctrl-C end the job with a line instead of a traceback
    (exit status 1 or 130).
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    print_anything()
    with path.open("w", buffering=1, encoding="utf-8") as stream:
        sys.stdout, sys.stderr = _Tee(sys.__stdout__, stream), _Tee(sys.__stderr__, stream)
        try:
            with leased_gpu(bool(gpu)):
                yield
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


def print_anything() -> None:
    """Let a terminal whose encoding lacks a character show its number, as in \\u2212: printing it would end the run."""
    for stream in (sys.__stdout__, sys.__stderr__):
        stream.reconfigure(errors="backslashreplace")


def cpu_count(threads: int, resources: Mapping[str, object]) -> int:
    """Threads this job may use: its Snakemake threads, or the `cpus_per_task` that a cluster profile asked for.

    `--cores all` caps a rule's threads at the CPUs of the submit host (Snakemake #2997), and the variables of Slurm
    are stripped inside a job, so the resource is the truth there.
    """
    return max(threads, int(resources.get("cpus_per_task", 1)))


def _leave(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)
