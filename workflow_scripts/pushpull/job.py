"""What every workflow script does around its work: log, name the mistake in one line, leave cleanly."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pushpull.errors import InputError


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
def job(log: str) -> Iterator[None]:
    """Run the body of a script with its output copied to `log`.

    An `InputError`, a full disk and Ctrl-C end the job with one line instead of a traceback (exit status 1 or 130).
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", buffering=1, encoding="utf-8") as stream:
        sys.stdout, sys.stderr = _Tee(sys.__stdout__, stream), _Tee(sys.__stderr__, stream)
        try:
            yield
        except InputError as error:
            _leave(f"error: {error}", 1)
        except OSError as error:
            traceback.print_exc()
            _leave(f"error: {error.strerror or error}: {error.filename or ''}", 1)
        except KeyboardInterrupt:
            _leave("stopped; what is finished is kept, run the same command again to go on", 130)
        except Exception:
            traceback.print_exc(file=stream)  # the interpreter prints it to the terminal
            raise
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


def cpu_count(threads: int) -> int:
    """Threads this job may use: its Snakemake threads, or more where Slurm granted more.

    `--cores all` caps a rule's threads at the submit host's CPUs (Snakemake #2997), so on a cluster the
    affinity of the job is the truth.
    """
    granted = len(os.sched_getaffinity(0)) if "SLURM_JOB_ID" in os.environ else 0
    return max(threads, granted)


def _leave(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(status)
