"""What failed and why, read from logs as jobs and Snakemake write them."""

import subprocess
import sys

import pytest
from pushpull.planning.failures import LONGEST, failed_jobs, last_error, stopped, summary, why
from workflow_runs import ROOT

# Of the log of Snakemake 9.27: a download that fails three times, a training that fails, one that a retry saved.
SNAKEMAKE = """\
Select jobs to execute...
Execute 1 jobs...
[Sat Nov 21 19:38:37 2026]
localrule download:
    output: results/data/semeval2018/raw/manifest.json
    log: logs/download/semeval2018.log
    jobid: 1
    reason: Missing output files: results/data/semeval2018/raw/manifest.json
    wildcards: dataset=semeval2018
    resources: tmpdir=/tmp, runtime=120, mem_mb=500, mem=500 MB, mem_mib=477
RuleException:
CalledProcessError in file "/home/me/push-pull/rules/data.smk", line 18:
Command 'set -euo pipefail;  python .snakemake/scripts/tmpu8ll5dwm.download.py' returned non-zero exit status 1.
[Sat Nov 21 19:38:38 2026]
Error in rule download:
    message: None
    jobid: 1
    output: results/data/semeval2018/raw/manifest.json
    log: logs/download/semeval2018.log (check log file(s) for error details)
Trying to restart job 1.
Select jobs to execute...
Execute 1 jobs...
[Sat Nov 21 19:38:38 2026]
Error in rule train:
    message: None
    jobid: 12
    input: results/data/tiny/train.parquet, results/data/tiny/validation.parquet, results/data/tiny/card.json
    output: results/runs/tiny/tiny/bce/ep1/seed1/model, results/runs/tiny/tiny/bce/ep1/seed1/run.json
    log: logs/train/tiny/tiny/bce/ep1/seed1.log (check log file(s) for error details)
Trying to restart job 12.
[Sat Nov 21 19:38:38 2026]
Error in rule train:
    message: None
    jobid: 13
    output: results/runs/tiny/tiny/msc/ep1/seed1/model
    log: logs/train/tiny/tiny/msc/ep1/seed1.log, logs/slurm/13.log (check log file(s) for error details)
[Sat Nov 21 19:38:39 2026]
Finished jobid: 12 (Rule: train)
[Sat Nov 21 19:38:39 2026]
Error in rule download:
    message: None
    jobid: 1
    output: results/data/semeval2018/raw/manifest.json
    log: logs/download/semeval2018.log (check log file(s) for error details)
Exiting because a job execution failed. Look above for error messages
"""
# Of the same: three runs, each one job of the cluster. One fails for good, one is tried again, one is killed.
GROUPS = (
    """\
Job 66ec has been submitted with SLURM jobid 11 (log: {folder}/slurm/11.log).
Job 99fe has been submitted with SLURM jobid 12 (log: {folder}/slurm/12.log).
Job 84d9 has been submitted with SLURM jobid 13 (log: {folder}/slurm/13.log).
"""
    + "".join(
        f"""\
[Sat Nov 28 06:31:52 2026]
    message: Error in group run/tiny/tiny/{method}/ep1/seed1
    log: {{folder}}/slurm/{number}.log (check log file(s) for error details)
    jobs:
        rule train:
            jobid: {number}4
            output: results/runs/tiny/tiny/{method}/ep1/seed1/model
            log: {{folder}}/train/{method}.log (check log file(s) for error details)
        rule evaluate:
            jobid: {number}2
            log: {{folder}}/evaluate/{method}.log (check log file(s) for error details)
    [Sat Nov 28 06:31:52 2026]
    Error in rule evaluate:
        message: None
        jobid: {number}2
        log: {{folder}}/evaluate/{method}.log (check log file(s) for error details)
    [Sat Nov 28 06:31:52 2026]
    Error in rule train:
        message: None
        jobid: {number}4
        output: results/runs/tiny/tiny/{method}/ep1/seed1/model
        log: {{folder}}/train/{method}.log (check log file(s) for error details)
"""
        for number, method in ((11, "base"), (12, "msc"), (13, "bce"))
    )
    + """\
Removing output files of failed job train since they might be corrupted:
results/runs/tiny/tiny/base/ep1/seed1/model
Trying to restart job 99fe.
[Sat Nov 28 06:31:53 2026]
Error in rule download:
    message: None
    jobid: 1
    log: {folder}/download.log (check log file(s) for error details)
"""
)
TRACEBACK = """\
epoch 1: loss 0.5
Traceback (most recent call last):
  File "train.py", line 28, in <module>
    folder.mkdir()
FileExistsError: [Errno 17] File exists: 'checkpoints'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 30, in <module>
    raise RuntimeError("no room\\nfor it")
RuntimeError: no room
for it
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("epoch 1: loss 0.5\nerror: loss is nan at step 3\nSee README.\n", "loss is nan at step 3"),
        (TRACEBACK, "RuntimeError: no room"),
        (TRACEBACK + "error: disk full\nFree some space.\n", "disk full"),
        ("epoch 1: error: 0.5\nstopped by signal 2\n", ""),
        ("", ""),
    ],
)
def test_the_error_of_a_log_is_its_last_one(tmp_path, text, error):
    (tmp_path / "log").write_text(text)
    assert last_error(tmp_path / "log") == error


@pytest.mark.parametrize(
    ("log", "error"),
    [
        (
            "error: step-5.json is of another run:\n  seed: checkpoint 1, now 2\n  lr: 1, now 2\n",
            "seed: checkpoint 1, now 2",
        ),
        ("error: \nno such column\n", "no such column"),
        ("Traceback (most recent call last):\n  x\nValueError:\n\n  3 labels of 4\n", "ValueError: 3 labels of 4"),
        ("Traceback (most recent call last):\n  x\nKeyError: 'a'\nmore\n", "KeyError: 'a'"),
        ("error: nothing follows:\n", "nothing follows:"),
    ],
)
def test_the_first_line_that_says_something_is_shown(tmp_path, log, error):
    (tmp_path / "log").write_text(log, encoding="utf-8")
    assert last_error(tmp_path / "log").endswith(error)


def test_a_log_that_is_not_there_or_no_text_has_no_error(tmp_path):
    assert last_error(tmp_path / "log") == last_error(tmp_path) == ""
    (tmp_path / "log").write_bytes(b"\xff\xfe\nerror: \xff is no text\n")
    assert last_error(tmp_path / "log").endswith("is no text")


def test_a_job_that_was_killed_is_told_by_the_last_words_of_its_log(tmp_path):
    (tmp_path / "log").write_text("epoch 1: loss 0.5\nepoch 2: loss 0.4\n---\n\n")
    assert why(tmp_path / "log") == "not finished; its log ends: epoch 2: loss 0.4"
    (tmp_path / "log").write_text("")
    assert why(tmp_path / "log") == "not finished; its log is empty"


def test_a_long_error_is_cut(tmp_path):
    (tmp_path / "log").write_text("error: unknown label; allowed: " + ", ".join(map(str, range(1000))))
    assert len(last_error(tmp_path / "log")) == LONGEST
    assert last_error(tmp_path / "log").endswith("...")


def test_a_job_failed_if_its_last_attempt_did():
    assert failed_jobs(SNAKEMAKE) == [
        ("train", ["logs/train/tiny/tiny/msc/ep1/seed1.log", "logs/slurm/13.log"]),
        ("download", ["logs/download/semeval2018.log"]),
    ]


def test_of_a_run_that_was_one_job_of_the_cluster_the_stage_at_fault_is_named(tmp_path):
    for log in ("train/base", "evaluate/base", "train/msc", "evaluate/msc", "train/bce"):
        (tmp_path / log).parent.mkdir(exist_ok=True)
        (tmp_path / f"{log}.log").write_text(
            "error: no such label\n" if log == "evaluate/base" else "epoch 1: loss 0.5\n"
        )
    assert failed_jobs(GROUPS.replace("{folder}", str(tmp_path))) == [
        ("evaluate", [f"{tmp_path}/evaluate/base.log", f"{tmp_path}/slurm/11.log"]),
        ("train", [f"{tmp_path}/train/bce.log", f"{tmp_path}/slurm/13.log"]),
        ("download", [f"{tmp_path}/download.log"]),
    ]


def test_a_job_without_a_log_is_named_by_its_rule():
    assert failed_jobs("Error in rule all:\n    message: None\n    jobid: 0\n") == [("all", [])]
    assert failed_jobs("Nothing to be done\n") == []


def test_a_workflow_that_was_stopped_is_not_one_that_failed():
    assert not stopped(SNAKEMAKE)
    assert stopped(SNAKEMAKE + "Terminating processes on user request, this might take some time.\n")


def test_the_summary_has_each_log_and_the_reason_in_it(tmp_path):
    (tmp_path / "a.log").write_text("error: no such file\n")
    logs = [str(tmp_path / "a.log"), "slurm.log"]
    lines = summary([("prepare", logs), ("all", [])]).splitlines()
    assert lines == ["2 jobs failed:", f"  prepare: {logs[0]}, slurm.log", "    no such file", "  all"]


@pytest.mark.parametrize("module", ["planning.on_error", "planning.missing", "planning.study_record"])
def test_what_the_rules_import_is_light(module):
    heavy = ("torch", "pandas", "numpy", "pyarrow")
    code = f"import sys, pushpull.{module}; print(*(set(sys.modules) & set({heavy!r})))"
    folder = ROOT / "workflow_scripts"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.split() == []


def test_colours_and_control_characters_of_a_log_are_left_out_and_only_its_end_is_read(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * 200_000 + b"\n\x1b[31merror: no\x00 such\x0e column\x1b[0m\n")
    assert last_error(log) == "no  such  column"
    log.write_bytes(b"error: long ago\n" + b"epoch 1\n" * 20_000)
    assert last_error(log) == ""
    assert why(log) == "not finished; its log ends: epoch 1"
