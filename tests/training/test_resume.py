"""A run that is killed again and again ends with the same bits as one that is left alone."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

SCRIPT = Path(__file__).with_name("killable.py")


def start(data: Path, folder: Path, kind: str) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    library = str(SCRIPT.parents[2] / "workflow_scripts")
    environment = os.environ | {"PYTHONPATH": library, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(SCRIPT), str(data), str(folder), kind]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_step(folder: Path, process: subprocess.Popen, step: int) -> None:
    """Return as soon as a checkpoint of `step` or later is being written."""
    while process.poll() is None:
        steps = [int(path.name.lstrip(".").split(".")[0].split("-")[1]) for path in folder.glob("*step-*")]
        if max(steps, default=0) >= step:
            return
        time.sleep(0.005)
    pytest.fail(f"the run ended before step {step}: {process.stdout.read()}")


def whole_state(folder: Path) -> dict:
    """Hashes of everything at the last step: weights, momentum, queue, prototypes, optimiser, and the history."""
    newest = max(folder.glob("step-*.json"))
    state = json.loads(newest.read_text())
    del state["sha256"]  # of the file, in which the tensors may stand in another order
    for path in [newest.with_suffix(".safetensors"), *folder.glob("epoch-*.safetensors")]:
        for name, tensor in load_file(path).items():
            state[f"{path.name}/{name}"] = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
    assert any("exp_avg" in name for name in state)
    return state


KINDS = ["contrastive", "supervised", "joint", "label_distance", "text_label"]


@pytest.fixture(scope="module", params=KINDS)
def uninterrupted(request, tiny_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    output, _ = start(tiny_data, folder, request.param).communicate(timeout=120)
    assert "finished" in output, output
    return request.param, whole_state(folder)


@pytest.mark.slow
def test_sigkill_at_several_steps_changes_no_bit(uninterrupted, tiny_data, tmp_path):
    kind, expected = uninterrupted
    for step in (2, 7, 11):  # within the first epoch, across one, near the end
        process = start(tiny_data, tmp_path, kind)
        wait_for_step(tmp_path, process, step)
        process.kill()
        process.wait()
    output, _ = start(tiny_data, tmp_path, kind).communicate(timeout=120)
    assert "resuming at step" in output
    assert whole_state(tmp_path) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("uninterrupted", "number"),
    [("contrastive", signal.SIGINT), *((kind, signal.SIGTERM) for kind in KINDS)],
    indirect=["uninterrupted"],
)
def test_a_signal_saves_at_the_next_step_and_says_so(uninterrupted, tiny_data, tmp_path, number):
    kind, expected = uninterrupted
    process = start(tiny_data, tmp_path, kind)
    wait_for_step(tmp_path, process, 4)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "the next run goes on there" in output
    start(tiny_data, tmp_path, kind).communicate(timeout=120)
    assert whole_state(tmp_path) == expected
