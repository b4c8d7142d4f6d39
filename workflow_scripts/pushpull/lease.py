"""A GPU of its own for a job: a lock on a file for each device, which the system takes back when a job is killed."""

import errno
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pushpull.errors import InputError

GPUS, FOLDER = "PUSHPULL_GPUS", "PUSHPULL_LEASES"
"""Environment variables: the devices to share, with commas between, and the folder of their locks."""
WAIT = 0.5  # seconds


@contextmanager
def leased_gpu(wanted: bool) -> Iterator[str | None]:
    """Lease a GPU for a block, the only one that CUDA shows in it; None where none is wanted or none is to be shared.

    Waits while all are in use, as by another workflow on this machine.

    Raises:
        InputError: the folder of the locks cannot be written.
    """
    devices = [device for device in os.environ.get(GPUS, "").split(",") if device] if wanted else []
    if not devices:
        yield None
        return
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    device, lock = _first_free(devices, make_folder(Path(os.environ[FOLDER])))
    try:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
        yield device
    finally:
        # Closing alone would leave it with a forked process that still has the file open, as a data loader's.
        fcntl.flock(lock, fcntl.LOCK_UN)
        lock.close()
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        os.environ.update({} if before is None else {"CUDA_VISIBLE_DEVICES": before})


def make_folder(folder: Path) -> Path:
    """Make the folder of the locks, for this user alone, and return it.

    Raises:
        InputError: it cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, os.strerror(errno.EACCES))
    return folder


def _unwritable(folder: Path, why: str) -> InputError:
    advice = "delete it, or set TMPDIR to a folder of your own"
    return InputError(f"leases of GPUs: {folder} cannot be written ({why}); {advice}")


def _lock_file(folder: Path, device: str) -> TextIO:
    try:
        return (folder / f"{device.replace('/', '_')}.lock").open("a", encoding="utf-8")
    except OSError as error:
        raise _unwritable(folder, error.strerror) from None


def _first_free(devices: list[str], folder: Path) -> tuple[str, TextIO]:
    said = False
    while True:
        for device in devices:
            lock = _lock_file(folder, device)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            return device, lock
        if not said:
            print("all GPUs are in use: waiting for one", file=sys.stderr)
            said = True
        time.sleep(WAIT)
