"""Training that Slurm interrupts, by a requeue and by a time limit, saves at the next step and goes on there.

So it does where the job that trained has failed since.
"""

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
COMMAND = ("--cores", "all", "--profile", "slurm", "--configfile", TINY, STUDY, "--config", "allow_cpu=true")
FOR_TESTS = ("--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs")
SAVED = r"stopped by signal 15 and saved at step (\d+)"
RESUMING = r"resuming at step (\d+)"
STEP = r"step (\d+)/"


@pytest.fixture
def study(tmp_path, request):
    """A checkout in which trainings run on Slurm, and the process of Snakemake; an evaluation may have a mistake."""
    name, retries, mistake = request.param
    folder = copy_checkout(tmp_path / "checkout")
    script = folder / "workflow_scripts/evaluate.py"
    script.write_text(script.read_text().replace("    write_rows(", f"{mistake}    write_rows("))
    with (folder / "printed.txt").open("w") as stream:
        arguments = command(*COMMAND, f"study={name}", "--retries", retries, *FOR_TESTS)
        process = subprocess.Popen(arguments, cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT)
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
    """The jobs of the run of `method`, which train and evaluate, the newest last."""
    return [job for job in jobs_of(folder) if len(job.rules) == 2 and method in job.log.parts]


def step_in(pattern: str, *logs: Path) -> int | None:
    """The step that a log names in words like `pattern`; None where there is no log yet or it does not."""
    found = re.search(pattern, "".join(log.read_text() for log in logs))
    return int(found[1]) if found else None


def start_again(job: SlurmJob, folder: Path, process: subprocess.Popen) -> int:
    """Have a job start at once that is back in the queue, where Slurm waits two minutes; return the step it saved."""
    until(lambda: [one.state for one in jobs_of(folder) if one.number == job.number] == ["PENDING"], folder, process)
    saved = step_in(SAVED, job.log)  # the next start writes the log anew
    scontrol("update", f"JobId={job.number}", "StartTime=now")
    return saved


@pytest.mark.parametrize("study", [("resume", "0", "")], indirect=True)
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
    saved = start_again(requeued, folder, process)
    assert step(RESUMING, "base") == saved
    assert step(STEP, "base") > saved
    assert [job.restarts for job in trainings(folder, "base")] == [1]  # still the same job of Slurm
    saved = start_again(late, folder, process)
    assert step(RESUMING, "bce") == saved
    assert step(STEP, "bce") > saved
    assert [job.restarts for job in trainings(folder, "bce")] == [1]  # no retry of Snakemake, which has none


@pytest.mark.parametrize("study", [("failing", "1", '    raise RuntimeError("no such luck")\n')], indirect=True)
def test_an_evaluation_that_fails_in_the_job_that_trained_costs_no_training(study):
    folder, process = study
    log = folder / "logs/train/tiny/tiny/base"
    until(lambda: step_in(STEP, *log.rglob("seed1.log")), folder, process)
    (job,) = trainings(folder, "base")
    scontrol("requeue", str(job.number))  # leaves a checkpoint, as two minutes of training would
    saved = start_again(job, folder, process)
    assert process.wait(timeout=600) == 1
    printed = (folder / "printed.txt").read_text()
    assert [job.state for job in trainings(folder, "base")] == ["FAILED"] * 2, printed[-8000:]  # a retry
    (last,) = log.rglob("seed1.log")
    assert step_in(RESUMING, last) == saved
    (summary,) = re.findall(r"^1 job failed:\n  (\w+): (\S+), .*\n +(.*)$", printed, re.MULTILINE)
    assert (summary[0], summary[2]) == ("evaluate", "RuntimeError: no such luck")
