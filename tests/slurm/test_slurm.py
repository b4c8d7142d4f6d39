"""`snakemake --cores all --profile slurm` on a real Slurm of one node, with the profile as it is shipped."""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from slurm_jobs import NO_ONEBOX, SlurmJob, is_running, jobs_of
from workflow_runs import ROOT, TINY, copy_checkout, job_counts, planned, snakemake

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_running(), reason=NO_ONEBOX)]

SMALL = Path(__file__).with_name("small.yaml")
STUDY = ("--configfile", TINY, SMALL, "--config", "study=small")
COMMAND = ("--cores", "all", "--profile", "slurm", *STUDY, "allow_cpu=true")  # its GPUs are device files
# Of use in tests only: short waits between looks at the queue, and logs of jobs that went well are kept.
FOR_TESTS = ("--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs")
PROFILE = yaml.safe_load((ROOT / "slurm/profile.yaml").read_text())
RUN = set(PROFILE["groups"])
LIGHT = {"fetch_encoder", "collect", "table", "figure", "report", "all"}


class Finished(NamedTuple):
    """A checkout in which the study has run on Slurm, what Snakemake printed, and the jobs."""

    folder: Path
    printed: str
    jobs: list[SlurmJob]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Finished:
    folder = copy_checkout(tmp_path_factory.mktemp("slurm") / "checkout")
    done = snakemake(folder, *COMMAND, *FOR_TESTS)
    assert done.returncode == 0, done.stdout[-8000:]
    return Finished(folder, done.stdout, jobs_of(folder))


def test_the_study_finishes_and_a_run_was_one_job_of_slurm_as_was_each_other_heavy_job(finished):
    assert (finished.folder / "results/small/report.html").is_file()
    heavy = {rule: count for rule, count in job_counts(finished.printed).items() if rule not in LIGHT}
    assert Counter(rule for job in finished.jobs for rule in job.rules) == heavy
    assert set(heavy) == {*PROFILE["set-resources"], "prepare"}
    assert {job.state for job in finished.jobs} == {"COMPLETED"}
    runs = [frozenset(job.rules) for job in finished.jobs if RUN & set(job.rules)]
    stages = [{"train", "evaluate"}, {"train_classifier", "evaluate_classified"}, {"finetune", "evaluate_classified"}]
    assert Counter(runs) == Counter(map(frozenset, stages))
    others = sum(count for rule, count in heavy.items() if rule not in RUN)
    submitted = re.findall(r"^Job \S+ has been submitted", finished.printed, re.MULTILINE)
    assert len(submitted) == len(runs) + others


def asked_for(job: SlurmJob) -> dict[str, int]:
    """What the profile asks for a job: of stages that run one after another the most, and the sum of their times."""
    # `prepare` is not in the profile: it has its rule's own memory and time, and the default number of CPUs.
    defaults = {"gpu": 0} | PROFILE["default-resources"] | {"mem_mb": 2500}
    stages = [defaults | PROFILE["set-resources"].get(rule, {}) for rule in job.rules]
    return {key: (sum if key == "runtime" else max)(stage[key] for stage in stages) for key in defaults}


def test_each_job_was_given_what_the_profile_asks_for(finished):
    for job in finished.jobs:
        given = {"cpus_per_task": job.cpus, "mem_mb": job.mem_mb, "runtime": job.minutes, "gpu": job.gpus}
        assert given == asked_for(job), job


def test_no_job_asks_for_more_than_a_day(finished):
    assert max(job.minutes for job in finished.jobs) == 24 * 60


def test_cpus_are_not_capped_by_the_submit_host(finished):
    asked = PROFILE["set-resources"]["train"]["cpus_per_task"]
    records = [json.loads(path.read_text()) for path in finished.folder.glob("results/runs/*/*/base/*/*/run.json")]
    assert [record["threads"] for record in records] == [asked]
    widest = max(resources["cpus_per_task"] for resources in PROFILE["set-resources"].values())
    assert max(job.cpus for job in finished.jobs) == widest
    assert widest > os.cpu_count() or os.cpu_count() >= 8  # else the host has enough CPUs to hide a cap


def test_gpu_rules_get_a_device_and_the_others_none(finished):
    for job in finished.jobs:
        devices = re.findall(rf"^job {job.number} has device (\S+)$", job.log.read_text(), re.MULTILINE)
        assert len(devices) == 1 + len(job.rules), job  # the batch script and a step for each rule
        assert set(devices) <= ({"0", "1"} if asked_for(job)["gpu"] else {"none"}), job


def test_a_job_that_was_given_a_gpu_and_finds_none_ends_before_it_trains(tmp_path):
    folder = copy_checkout(tmp_path / "checkout")
    done = snakemake(folder, "abalone_table2", *COMMAND[:-1], "--retries", "0", *FOR_TESTS)
    assert done.returncode == 1
    (line,) = re.findall(r"^1 job failed:\n  train: .*\n +(.*)$", done.stdout, re.MULTILINE)
    assert line.startswith("this job was given a GPU and torch")


def test_light_rules_run_on_the_submit_host(finished):
    local = re.findall(r"^localrule (\w+):$", finished.printed, re.MULTILINE)
    assert Counter(local) == {rule: count for rule, count in job_counts(finished.printed).items() if rule in LIGHT}


def test_downloads_run_on_the_submit_host(finished, tmp_path):
    wanted = ("results/data/semeval2018/raw/manifest.json", "--retries", "0")
    done = snakemake(finished.folder, *wanted, *COMMAND, PUSHPULL_MIRROR=str(tmp_path))
    assert "\nlocalrule download:\n" in done.stdout
    assert str(tmp_path / "semeval2018_task1_ec") in done.stdout  # it ran: the mirror has no file, and it says so
    assert jobs_of(finished.folder) == finished.jobs


def test_logs_are_below_logs(finished):
    for job in finished.jobs:
        assert job.log.is_relative_to(finished.folder / "logs/slurm")
        assert job.log.is_file()
    heavy = [job for job in planned(finished.printed) if job.rule not in LIGHT]
    assert len(heavy) == sum(len(job.rules) for job in finished.jobs)
    for job in heavy:
        (log,) = job.files("log")
        assert log.startswith("logs/")
        assert (finished.folder / log).is_file()
    assert not (finished.folder / ".snakemake/slurm_logs").exists()


def test_a_second_run_does_nothing(finished):
    done = snakemake(finished.folder, *COMMAND, *FOR_TESTS)
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {}
    assert jobs_of(finished.folder) == finished.jobs
