"""One machine shared fairly: GPUs are found and leased one to a job, and memory limits how many jobs run at once."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pushpull.errors import InputError
from pushpull.lease import FOLDER, GPUS, leased_gpu
from pushpull.planning import machine
from workflow_runs import ROOT, environment, snakemake

UUIDS = [f"GPU-{letter * 8}-1111" for letter in "abcd"]
SNAKEFILE = f"""
import sys

sys.path.insert(0, {str(ROOT / "workflow_scripts")!r})
from pushpull.planning.machine import share

share(workflow)
limits = {{name: workflow.global_resources.get(name).value for name in ("gpu", "mem_mb")}}
print("limits", limits, file=sys.stderr)


rule all:
    input:
        expand("{{job}}.txt", job=range(9)),


rule work:
    output:
        "{{job}}.txt",
    resources:
        gpu=1,
        mem_mb=MEMORY,
    shell:
        "{sys.executable} {{workflow.basedir}}/work.py {{wildcards.job}} > {{output}}"
"""
WORK = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT / "workflow_scripts")!r})
from pushpull.lease import leased_gpu
with leased_gpu(True) as device:
    assert device is None or os.environ["CUDA_VISIBLE_DEVICES"] == device
    began = time.time()
    time.sleep(0.4)
    print(device, began, time.time())
"""


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver that has the four GPUs: the command that asks it answers so, and its library cannot be loaded."""
    lines = "".join(f"{number}, {uuid}\\n" for number, uuid in enumerate(UUIDS))
    return fake_driver(tmp_path, monkeypatch, f"printf '{lines}'")


@pytest.fixture
def no_driver(tmp_path, monkeypatch):
    """A machine without a GPU, whatever this one has."""
    return fake_driver(tmp_path, monkeypatch, "echo 'NVIDIA-SMI has failed'; exit 9")


def fake_driver(folder: Path, monkeypatch, answer: str) -> Path:
    """Put first an `nvidia-smi` that answers so, and a library of the driver that no process can load."""
    command = folder / "bin/nvidia-smi"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\n{answer}\n")
    command.chmod(0o755)
    (command.parent / "libnvidia-ml.so.1").write_text("")
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(command.parent))  # is read when a process starts, so not in this one
    monkeypatch.setattr(machine.ctypes, "CDLL", _no_library)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


def _no_library(name: str):
    raise OSError(name)


def prepare(folder: Path, memory: int = 10) -> None:
    """Write the Snakefile and the script of its jobs."""
    (folder / "Snakefile").write_text(SNAKEFILE.replace("MEMORY", str(memory)))
    (folder / "work.py").write_text(WORK)


def run(folder: Path, *arguments: str, memory: int = 10) -> list[tuple[str, float, float]]:
    """Run the nine jobs; return (device, begin, end) of each."""
    prepare(folder, memory)
    done = snakemake(folder, "--cores", "9", *arguments)
    assert done.returncode == 0, done.stdout
    lines = [path.read_text().split() for path in folder.glob("*.txt")]
    return [(device, float(begin), float(end)) for device, begin, end in lines]


def at_once(spans: list[tuple[str, float, float]]) -> int:
    """The most jobs that ran at one time."""
    return max(sum(begin <= moment < end for _, begin, end in spans) for _, moment, _ in spans)


# With the limit set too high all nine jobs start, and five of them wait for a lease.
@pytest.mark.parametrize("arguments", [(), ("--resources", "gpu=9")])
def test_nine_jobs_on_four_gpus_are_never_two_on_one(driver, arguments):
    spans = run(driver, *arguments)
    assert len(spans) == 9
    assert {device for device, *_ in spans} == {*UUIDS}
    assert at_once(spans) <= 4
    for device in UUIDS:
        assert at_once([span for span in spans if span[0] == device]) == 1


def test_a_given_limit_goes_before_the_gpus_that_are_found(driver):
    spans = run(driver, "--resources", "gpu=2")
    assert len(spans) == 9
    assert at_once(spans) <= 2


def test_without_a_driver_jobs_run_and_need_no_gpu(no_driver):
    spans = run(no_driver)
    assert [device for device, *_ in spans] == ["None"] * 9
    assert at_once(spans) > 1


def test_jobs_that_need_more_than_half_of_the_memory_run_one_by_one(no_driver):
    assert at_once(run(no_driver, memory=int(0.6 * machine.memory_mb()))) == 1


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ((), {"gpu": 4, "mem_mb": machine.memory_mb()}),
        (("--resources", "gpu=2", "mem=3GB"), {"gpu": 2, "mem_mb": 3000}),
        (("--executor", "slurm", "--jobs", "5"), {"gpu": None, "mem_mb": None}),
        (("--mode", "remote"), {"gpu": None, "mem_mb": None}),
        (("--mode", "subprocess"), {"gpu": None, "mem_mb": None}),
    ],
)
def test_limits_are_those_of_the_machine_where_it_runs_the_jobs_itself(driver, arguments, limits):
    prepare(driver)
    done = snakemake(driver, "--dry-run", "--cores", "9", *arguments)
    assert done.returncode == 0, done.stdout
    assert f"limits {limits}\n" in done.stdout


def test_no_gpu_at_all_is_refused_where_rules_ask_for_one(driver):
    prepare(driver)
    done = snakemake(driver, "--cores", "2", "--resources", "gpu=0")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "--resources gpu=0" in line]
    assert "allowed: 1 or more. Leave it out" in line
    assert not list(driver.glob("*.txt"))


def test_leases_that_cannot_be_written_are_one_error_before_any_job(driver):
    prepare(driver)
    (driver / f"pushpull-gpus-{os.getuid()}").write_text("")
    done = snakemake(driver, "--cores", "9")
    assert done.returncode == 1
    assert done.stdout.count("leases of GPUs") == 1
    assert f"pushpull-gpus-{os.getuid()} cannot be written (File exists); delete it, or set TMPDIR" in done.stdout
    assert not list(driver.glob("*.txt"))


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("", []),
        ("2,0", [UUIDS[2], UUIDS[0]]),
        ("GPU-bbbb", [UUIDS[1]]),
        ("GPU-,0", []),
        ("1,GPU-b,3", [UUIDS[1], UUIDS[3]]),
        ("1,7,0", [UUIDS[1]]),
        ("-1", []),
        ("MIG-1234", ["MIG-1234"]),
    ],
)
def test_visible_devices_are_those_of_cuda(driver, monkeypatch, visible, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.gpus() == found


def test_the_lease_ends_with_its_block_even_where_a_forked_process_lives_on(tmp_path, monkeypatch):
    monkeypatch.setenv(GPUS, "GPU-a")
    monkeypatch.setenv(FOLDER, str(tmp_path / "leases"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    with leased_gpu(True) as device:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == device == "GPU-a"
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
    try:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
        with (tmp_path / "leases/GPU-a.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError where the child has it
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert (tmp_path / "leases").stat().st_mode & 0o777 == 0o700


def test_a_killed_job_gives_its_gpu_back(tmp_path, monkeypatch):
    monkeypatch.setenv(GPUS, "GPU-a")
    monkeypatch.setenv(FOLDER, str(tmp_path / "leases"))
    hold = f"import sys, time; sys.path.insert(0, {str(ROOT / 'workflow_scripts')!r})\n"
    hold += "from pushpull.lease import leased_gpu\nwith leased_gpu(True):\n    print('held', flush=True)\n"
    hold += "    time.sleep(60)\n"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True, env=environment())
    assert holder.stdout.readline() == "held\n"
    waiting = subprocess.Popen(
        [sys.executable, "-c", hold], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert waiting.stderr.readline() == "all GPUs are in use: waiting for one\n"
    holder.send_signal(signal.SIGKILL)
    assert waiting.stdout.readline() == "held\n"
    for process in (holder, waiting):
        process.kill()
        process.wait()


def test_a_lease_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(GPUS, "GPU-a")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"leases of GPUs: .*file cannot be written"), leased_gpu(True):
        pass


def test_what_wants_no_gpu_leases_none(tmp_path, monkeypatch):
    monkeypatch.setenv(GPUS, "GPU-a")
    monkeypatch.setenv(FOLDER, str(tmp_path / "leases"))
    with leased_gpu(False) as device:
        assert device is None
    assert not (tmp_path / "leases").exists()


@pytest.mark.parametrize(
    ("line", "file"),
    [("0::/user/job", "user/memory.max"), ("5:cpu,memory:/job", "memory/job/memory.limit_in_bytes")],
)
def test_the_memory_of_a_cgroup_goes_before_that_of_the_machine(tmp_path, line, file):
    (tmp_path / "cgroup").write_text(line + "\n")
    (tmp_path / "root" / file).parent.mkdir(parents=True)
    (tmp_path / "root" / file).write_text(f"{64 * 10**6}\n")
    assert machine.memory_mb(tmp_path / "cgroup", tmp_path / "root") == 64
    (tmp_path / "root" / file).write_text("max\n")
    assert machine.memory_mb(tmp_path / "cgroup", tmp_path / "root") == machine.memory_mb(tmp_path / "none", tmp_path)


def test_the_least_memory_of_nested_cgroups_counts(tmp_path):
    (tmp_path / "cgroup").write_text("0::/user/job\n")
    (tmp_path / "user/job").mkdir(parents=True)
    (tmp_path / "user/memory.max").write_text("32000000\n")
    (tmp_path / "user/job/memory.max").write_text("64000000\n")
    assert machine.memory_mb(tmp_path / "cgroup", tmp_path) == 32
