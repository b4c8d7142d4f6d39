"""Training processes that are forked, stopped in the middle of writing, and what they leave.

They are forks of one that has imported torch: nine seconds of imports each would leave time for few kills.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import time
from multiprocessing.context import BaseContext
from pathlib import Path

from killable import train
from safetensors.torch import load_file

SECONDS = 120  # for what takes two or three


def fork_server() -> BaseContext:
    """Forks processes that import nothing any more; it is started with the first, in the environment of then."""
    library = Path(__file__).parents[2] / "workflow_scripts"
    os.environ["PYTHONPATH"] = f"{library}{os.pathsep}{Path(__file__).parent}"  # preloading knows no other path
    context = multiprocessing.get_context("forkserver")
    encoders = [f"pushpull.encoders.{name}" for name in ("sentence", "text_cnn", "ldgn")]  # imported where one is built
    context.set_forkserver_preload(["killable", *encoders])
    return context


class Run:
    """Processes that train one case in one folder, one after another."""

    def __init__(self, server, data: Path, folder: Path, case: tuple[str, str]) -> None:
        self.server, self.folder, self.printed = server, folder / "checkpoints", folder / "printed.txt"
        self.arguments = tuple(map(str, (data, self.folder, *case, self.printed)))
        self.folder.mkdir()

    def start(self, stops: tuple[int, ...] = ()) -> multiprocessing.Process:
        process = self.server.Process(target=train, args=(*self.arguments, stops))
        process.start()
        return process

    def finish(self) -> str:
        """Let a process train to the end; what it printed."""
        process = self.start()
        process.join(SECONDS)
        assert process.exitcode == 0, self.printed.read_text()
        return self.printed.read_text()

    def newest(self) -> int:
        """The step of the newest whole checkpoint, 0 before the first."""
        return max((int(path.stem.split("-")[1]) for path in self.folder.glob("step-*.json")), default=0)

    def half_written(self) -> set[Path]:
        return set(self.folder.glob(".step-*.part"))

    def wait_for(self, process: multiprocessing.Process, step: int) -> None:
        end = time.monotonic() + SECONDS
        while self.newest() < step:
            assert process.is_alive(), f"the run ended before step {step}: {self.printed.read_text()}"
            assert time.monotonic() < end, f"no checkpoint of step {step}"
            time.sleep(0.002)

    def wait_until_it_stops(self, process: multiprocessing.Process) -> None:
        """Wait for a process that was told at which write to stop."""
        stat, end = Path(f"/proc/{process.pid}/stat"), time.monotonic() + SECONDS
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < end, f"it did not stop: {self.printed.read_text()}"
            time.sleep(0.002)

    def send(self, process: multiprocessing.Process, number: int) -> None:
        """Send a signal to a process, stopped or not, and wait until it has ended."""
        os.kill(process.pid, number)
        end = time.monotonic() + SECONDS
        while process.exitcode is None and time.monotonic() < end:
            os.kill(process.pid, signal.SIGCONT)  # it may yet come to its next stop
            process.join(0.05)

    def state(self) -> dict:
        """Hashes of everything at the last step: weights, kept epochs, momentum, queue, optimiser, and the history."""
        newest = max(self.folder.glob("step-*.json"))
        state = json.loads(newest.read_text())
        del state["sha256"]  # of the file, in which the tensors may stand in another order
        for name, tensor in load_file(newest.with_suffix(".safetensors")).items():
            state[f"{newest.stem}/{name}"] = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        for part in ("exp_avg", "epoch."):
            assert any(part in name for name in state), part
        return state
