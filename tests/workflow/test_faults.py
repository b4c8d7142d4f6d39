"""What breaks while a study runs: it is said in one line, nothing finished is lost, and the same command goes on."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml
from workflow_runs import TINY, TINY_ARGUMENTS, command, dry_run, environment, job_counts, snakemake

pytestmark = pytest.mark.slow
RUN = "results/runs/tiny/tiny_cnn/bce/lr0.01_ep2_tok16_hlr0.01_bs16/seed1"
LONG = RUN.replace("ep2", "ep3000")
METRICS = (f"{RUN}/metrics.csv", "--cores", "1", *TINY_ARGUMENTS)


def until(happened: Callable[[], object], process: subprocess.Popen, printed: Path) -> object:
    end = time.monotonic() + 120
    while not (found := happened()):
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < end, printed.read_text()
        time.sleep(0.02)
    return found


@pytest.fixture
def training(again):
    """A checkout in which Snakemake trains for long: its process, its arguments, and the log of the training."""
    study = yaml.safe_load(TINY.read_text())["studies"]["tiny"]
    for experiment in study["experiments"]:
        if experiment["encoders"] == ["tiny_cnn"] and "bce" in experiment["methods"]:
            experiment["settings"]["epochs"] = 3000
    (again / "long.yaml").write_text(yaml.safe_dump({"studies": {"tiny": study}}))
    arguments = (f"{LONG}/run.json", "--cores", "1", "--configfile", TINY, "long.yaml")
    log, printed = again / f"{LONG.replace('results/runs', 'logs/train')}.log", again / "first.txt"
    with printed.open("w") as stream:
        process = subprocess.Popen(
            command(*arguments), cwd=again, env=environment(), stdout=stream, stderr=stream, start_new_session=True
        )
        until(lambda: log.is_file() and "epoch 2:" in log.read_text(), process, printed)
        yield again, process, arguments, log
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def job_of(process: subprocess.Popen) -> int:
    """The process that trains, below Snakemake."""
    below = psutil.Process(process.pid).children(recursive=True)
    (found,) = [child.pid for child in below if "python" in child.name() and child.cmdline()[-1].endswith("train.py")]
    return found


def test_a_second_workflow_in_the_folder_waits_for_nobody_and_says_why(training):
    folder, process, arguments, _ = training
    done = snakemake(folder, *arguments)
    assert done.returncode == 1
    assert "Directory cannot be locked" in done.stdout
    assert "Traceback" not in done.stdout
    assert process.poll() is None


def test_a_job_that_is_killed_for_memory_is_named_and_the_next_run_resumes_it(training):
    folder, process, arguments, log = training
    os.kill(job_of(process), signal.SIGTERM)  # a checkpoint, as two minutes of training would have left one
    assert process.wait(timeout=120) == 1
    assert "stopped by signal 15" in log.read_text()
    with (folder / "second.txt").open("w") as stream:
        again = subprocess.Popen(
            command(*arguments), cwd=folder, env=environment(), stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        until(lambda: log.is_file() and "resuming at step" in log.read_text(), again, folder / "second.txt")
        os.kill(job_of(again), signal.SIGKILL)
        assert again.wait(timeout=120) == 1
    finally:
        if again.poll() is None:
            os.killpg(again.pid, signal.SIGKILL)
    said = (folder / "second.txt").read_text()
    assert "SIGKILL" in said or "exit status -9" in said or "137" in said
    assert {path.name for path in (folder / LONG).iterdir()} == {"checkpoints"}


def test_snakemake_itself_killed_leaves_a_lock_that_unlock_takes_away(training):
    folder, process, arguments, _ = training
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = snakemake(folder, *arguments)
    assert done.returncode == 1
    assert "--unlock" in done.stdout
    assert snakemake(folder, "--unlock", *arguments).returncode == 0
    assert job_counts(dry_run(folder, *arguments[:1], *arguments[3:])) == {"train_classifier": 1}


@pytest.mark.parametrize("name", ["embeddings/test.npy", "classifier/test.npy"])
def test_a_damaged_file_of_a_run_is_named_and_made_anew_once_it_is_deleted(again, name):
    path = again / RUN / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    (again / RUN / "metrics.csv").unlink()
    done = snakemake(again, *METRICS)
    assert done.returncode == 1
    assert f"error: {RUN}/{name} is damaged" in done.stdout
    path.unlink()
    done = snakemake(again, *METRICS)
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {"train_classifier": 1, "evaluate_classified": 1}
    assert path.read_bytes() == whole


def test_a_damaged_split_is_named_and_made_anew_once_it_is_deleted(again):
    path = again / "results/data/tiny/train.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    (again / RUN / "metrics.csv").unlink()
    done = snakemake(again, *METRICS)
    assert done.returncode == 1
    assert "results/data/tiny/train.parquet is damaged" in done.stdout
    path.unlink()
    done = snakemake(again, "results/data/tiny/train.parquet", "--cores", "1", *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout
    assert path.read_bytes() == whole


def test_without_faiss_the_library_is_named_and_training_is_kept(again):
    (again / "hidden").mkdir()
    (again / "hidden/faiss.py").write_text("raise ModuleNotFoundError(\"No module named 'faiss'\", name='faiss')\n")
    (again / RUN / "metrics.csv").unlink()
    done = snakemake(again, *METRICS, PYTHONPATH=str(again / "hidden"))
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'faiss'" in done.stdout
    assert (again / RUN / "model").is_dir()
    assert job_counts(dry_run(again, METRICS[0], *TINY_ARGUMENTS)) == {"evaluate_classified": 1}


@pytest.mark.parametrize("days", [400, -400])
def test_after_a_jump_of_the_clock_nothing_is_made_again(again, days):
    now = time.time() + days * 86_400
    for path in (again / "results/data/tiny").iterdir():
        os.utime(path, (now, now))
    assert "Nothing to be done" in dry_run(again, METRICS[0], *TINY_ARGUMENTS)


def test_read_only_results_are_named(again, small_disk):
    disk = small_disk(64 << 20)
    shutil.copytree(again / "results", disk / "results")
    shutil.rmtree(again / "results")
    (again / "results").symlink_to(disk / "results")
    (disk / "results" / RUN.removeprefix("results/") / "metrics.csv").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = snakemake(again, *METRICS)
    assert done.returncode == 1
    assert "Write-protected output files for rule evaluate_classified" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_job_that_asks_for_a_gpu_computes_on_the_cpu_and_says_so(again):
    logs = [path.read_text() for path in (again / "logs/train/tiny/tiny_cnn").rglob("*.log")]
    assert logs
    assert all("no GPU is found here: computing on the CPU" in log for log in logs)
