"""Training that Slurm interrupts, by a requeue and by a time limit, saves at the next step and goes on there."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_jobs import NO_ONEBOX, SlurmJob, is_running, jobs_of, scontrol
from workflow_runs import TINY, command, copy_checkout, environment

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_running(), reason=NO_ONEBOX)]

STUDY = Path(__file__).with_name("resume.yaml")
COMMAND = ("--cores", "all", "--profile", "slurm", "--configfile", TINY, STUDY, "--config", "study=resume")
TRAINING = ("train", "train_classifier")
FOR_TESTS = ("--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs", "--until", *TRAINING)
SAVED = r"stopped by signal 15 and saved at step (\d+)"
RESUMING = r"resuming at step (\d+)"
STEP = r"step (\d+)/"


@pytest.fixture
def study(tmp_path):
    """A checkout in which two trainings run on Slurm, and the process of Snakemake."""
    folder = copy_checkout(tmp_path / "checkout")
    with (folder / "printed.txt").open("w") as stream:
        process = subprocess.Popen(
            command(*COMMAND, *FOR_TESTS), cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT
        )
    yield folder, process
    process.kill()
    process.wait()
    subprocess.run(["scancel", *(str(job.number) for job in jobs_of(folder))], check=False)
    while {job.state for job in jobs_of(folder)} & {"PENDING", "RUNNING", "COMPLETING"}:
        time.sleep(0.5)


def until(happened: Callable[[], object], folder: Path, process: subprocess.Popen, seconds: float = 300) -> object:
    """Wait for something to be true, while Snakemake runs."""
    end = time.monotonic() + seconds
    while not (found := happened()):
        if time.monotonic() > end or process.poll() is not None:
            pytest.fail((folder / "printed.txt").read_text()[-8000:])
        time.sleep(0.2)
    return found


def trainings(folder: Path, method: str) -> list[SlurmJob]:
    """The jobs that train with `method`, the newest last."""
    return [job for job in jobs_of(folder) if job.rule in TRAINING and f"_{method}_" in job.log.parent.name]


def step_in(pattern: str, *logs: Path) -> int | None:
    """The step that a log names in words like `pattern`; None where there is no log yet or it does not."""
    found = re.search(pattern, "".join(log.read_text() for log in logs))
    return int(found[1]) if found else None


def test_training_that_is_requeued_or_out_of_time_goes_on_at_its_checkpoint(study):
    folder, process = study

    def step(pattern: str, method: str) -> int:
        """The step in the rule's own log, which each attempt begins anew; waits until it is there."""
        logs = folder / "logs/train/tiny/tiny" / method
        return until(lambda: step_in(pattern, *logs.rglob("seed1.log")), folder, process)

    for method in ("base", "bce"):
        assert step(STEP, method) > 0
    (requeued,), (late,) = trainings(folder, "base"), trainings(folder, "bce")
    scontrol("update", f"JobId={late.number}", "EndTime=now+1")  # limits are whole minutes, their end is not
    scontrol("requeue", str(requeued.number))

    saved = step(SAVED, "base")
    until(lambda: trainings(folder, "base")[0].state == "PENDING", folder, process)
    scontrol("update", f"JobId={requeued.number}", "StartTime=now")  # Slurm waits two minutes otherwise
    assert step(RESUMING, "base") == saved
    assert step(STEP, "base") > saved
    assert [job.restarts for job in trainings(folder, "base")] == [1]  # still the same job of Slurm

    until(lambda: len(trainings(folder, "bce")) == 2, folder, process)  # a second job: Snakemake's retry
    assert trainings(folder, "bce")[0].state == "TIMEOUT"
    saved = step_in(SAVED, late.log)
    assert step(RESUMING, "bce") == saved
    assert step(STEP, "bce") > saved
