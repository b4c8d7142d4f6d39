"""A user's own files, files that are missing, and Ctrl-C."""

import csv
import json
import os
import signal
import subprocess
import time
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest
import yaml
from workflow_runs import (
    TINY,
    TINY_ARGUMENTS,
    command,
    dry_run,
    environment,
    files_below,
    job_counts,
    read_metrics,
    real_run,
    snakemake,
)

pytestmark = pytest.mark.slow


TOPICS = {"trade": "export tariffs, cargo", "weather": "naïve forecast of rain", "health": 'the "old"\nclinic'}


def write_corpus(path: Path, documents: int, columns: tuple[str, str] = ("body", "topics")) -> None:
    """A CSV as a spreadsheet writes it: quoted commas, line breaks in cells, letters beyond ASCII, empty labels."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["number", *columns])
        for number in range(documents):
            chosen = [name for bit, name in enumerate(TOPICS) if number % 8 >> bit & 1]
            text = " ".join(TOPICS[name] for name in chosen) or "nothing"
            writer.writerow([number, f"{text} {number}", " ; ".join(chosen)])


def with_own_files(folder: Path) -> Path:
    """A configuration file that adds the user's CSV and an experiment to the study, and nothing else."""
    config = yaml.safe_load(TINY.read_text())
    experiment = config["studies"]["tiny"]["experiments"][0] | {"datasets": ["mine"]}
    experiment["methods"] = {"pretrained": None, "bce": None}
    entry = {
        "title": "My reports",
        "task": "multi",
        "reader": "csv",
        "files": {"train": "my/train.csv", "test": "my/test.csv"},
        "text": "body",
        "labels": "topics",
        "validation": 0.25,
    }
    experiments = [*config["studies"]["tiny"]["experiments"], experiment]
    extra = {"datasets": {"mine": entry}, "studies": {"tiny": {"experiments": experiments}}}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(extra))
    (folder / "my").mkdir()
    return path


def test_a_users_own_csv_runs_through_everything_and_no_other_run_again(again):
    extra = with_own_files(again)
    write_corpus(again / "my/train.csv", 64)
    write_corpus(again / "my/test.csv", 24)
    before = times_below(again / "results/runs/tiny")
    done = real_run(again, "--configfile", TINY, extra)
    assert done.returncode == 0, done.stdout[-8000:]
    counts = job_counts(done.stdout)
    wanted = {"prepare": 1, "train": 1, "train_classifier": 1, "finetune": 0}
    wanted |= {"evaluate": 1, "evaluate_classified": 1, "inference": 0}
    assert {rule: counts.get(rule, 0) for rule in wanted} == wanted
    after = {path: (again / "results/runs/tiny" / path).stat().st_mtime_ns for path in before}
    assert after == before
    card = json.loads((again / "results/data/mine/card.json").read_text())
    assert {label["name"] for label in card["labels"]} == {"trade", "weather", "health"}
    assert card["splits"]["train"]["documents"] + card["splits"]["validation"]["documents"] == 64
    assert {row["method"] for row in read_metrics(again) if row["dataset"] == "mine"} == {"pretrained", "bce"}
    assert "My reports" in (again / "results/tiny/tables/abalone_table3.md").read_text()


def test_a_csv_without_the_column_is_refused_with_the_columns_that_exist(checkout):
    extra = with_own_files(checkout)
    write_corpus(checkout / "my/train.csv", 64, columns=("text", "subject"))
    write_corpus(checkout / "my/test.csv", 24)
    done = real_run(checkout, "results/data/mine/card.json", "--configfile", TINY, extra)
    assert done.returncode == 1
    assert "my/train.csv, line 1: no column 'body'; there are: 'number', 'text', 'subject'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "1 job failed:\n  prepare: logs/prepare/mine.log\n    my/train.csv, line 1: no column" in done.stdout
    assert not list((checkout / "results").rglob("*.parquet"))


def test_an_own_file_that_is_missing_is_named_before_anything_runs(checkout):
    extra = with_own_files(checkout)
    write_corpus(checkout / "my/train.csv", 64)
    done = real_run(checkout, "--configfile", TINY, extra)
    assert done.returncode == 1
    assert "datasets.mine.files.test: my/test.csv is not there" in done.stdout
    assert not (checkout / "results").exists()


def test_a_mistyped_path_after_a_finished_study_stops_it_and_old_results_do_not_stand_in(again):
    extra = with_own_files(again)
    for split in ("train", "test"):
        write_corpus(again / f"my/{split}.csv", 24)
    (again / "my/labels.csv").write_text("name,readable,description\n" + "".join(f"{n},{n},{n}\n" for n in TOPICS))
    study = yaml.safe_load(extra.read_text())
    study["datasets"]["mine"]["label_texts"] = "my/labels.csv"
    extra.write_text(yaml.safe_dump(study))
    assert real_run(again, "--configfile", TINY, extra).returncode == 0
    assert "Nothing to be done" in dry_run(again, "--configfile", TINY, extra)
    before = times_below(again / "results")
    for wrong in ({"files": {"train": "my/TYPO.csv", "test": "my/test.csv"}}, {"label_texts": "my/TYPO.csv"}):
        changed = deepcopy(study)
        changed["datasets"]["mine"] |= wrong
        extra.write_text(yaml.safe_dump(changed))
        done = real_run(again, "--configfile", TINY, extra)
        assert done.returncode == 1
        assert f"datasets.mine.{next(iter(wrong))}" in done.stdout and "my/TYPO.csv is not there" in done.stdout
        assert "Traceback" not in done.stdout
    assert times_below(again / "results") == before


def test_a_label_without_a_text_is_named_before_anything_is_trained(again):
    extra = with_own_files(again)
    for split in ("train", "test"):
        write_corpus(again / f"my/{split}.csv", 24)
    (again / "my/labels.csv").write_text("name,readable,description\ntrade,a,b\nweather,a b,c\n")
    study = yaml.safe_load(extra.read_text())
    study["datasets"]["mine"]["label_texts"] = "my/labels.csv"
    extra.write_text(yaml.safe_dump(study))
    done = real_run(again, "--configfile", TINY, extra)
    assert done.returncode == 1
    (log,) = (again / "logs/train/mine/tiny/bce").rglob("*.log")
    assert "my/labels.csv: no row for 'health'; every label of the dataset needs a text" in log.read_text()
    assert "epoch 1:" not in log.read_text()


def times_below(folder: Path) -> dict[Path, int]:
    return {path: (folder / path).stat().st_mtime_ns for path in files_below(folder)}


def test_a_file_missing_in_the_mirror_is_named_with_its_address_and_place(checkout, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    arguments = ("results/data/semeval2018/card.json", "--retries", "0", *TINY_ARGUMENTS)
    done = real_run(checkout, *arguments, PUSHPULL_MIRROR=str(mirror))
    assert done.returncode == 1
    assert "https://saifmohammad.com/WebDocs/AIT-2018/AIT2018-DATA/SemEval2018-Task1-all-data.zip" in done.stdout
    assert str(mirror / "semeval2018_task1_ec/SemEval2018-Task1-all-data.zip") in done.stdout
    assert "Traceback" not in done.stdout
    assert not (checkout / "results/data/semeval2018/raw/manifest.json").exists()


def test_ctrl_c_in_training_leaves_no_half_output_and_the_next_run_goes_on(again):
    run = "results/runs/tiny/tiny/bce/lr0.001_ep120_tok16_hlr0.01_bs16/seed1"
    extra = {"studies": {"tiny": {"experiments": yaml.safe_load(TINY.read_text())["studies"]["tiny"]["experiments"]}}}
    extra["studies"]["tiny"]["experiments"][0]["settings"]["epochs"] = 120
    (again / "long.yaml").write_text(yaml.safe_dump(extra))
    arguments = (f"{run}/run.json", "--cores", "1", "--configfile", TINY, "long.yaml")
    log = again / run.replace("results/runs", "logs/train")
    log = log.with_name(f"{log.name}.log")

    with (again / "first.txt").open("w") as printed:
        process = subprocess.Popen(
            command(*arguments),
            cwd=again,
            env=environment(),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # ignored where a shell put us behind "&"
        )
        deadline = time.monotonic() + 120
        while not (log.is_file() and "epoch 2:" in log.read_text()):
            assert process.poll() is None, (again / "first.txt").read_text()
            assert time.monotonic() < deadline, "training did not begin"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) != 0

    assert "stopped by signal 2" in log.read_text()
    printed = (again / "first.txt").read_text()
    assert "failed:" not in printed
    assert "partial=true\n" in printed
    left = {path.parts[0] for path in files_below(again / run)}
    assert left == {"checkpoints"}
    done = snakemake(again, *arguments)
    assert done.returncode == 0, done.stdout
    resumed = log.read_text()
    assert "resuming at step" in resumed
    assert "epoch 1:" not in resumed
    with (again / run / "history.csv").open(newline="") as stream:
        assert [int(row["epoch"]) for row in csv.DictReader(stream)] == list(range(1, 121))
    assert (again / run / "checkpoints").is_dir()  # until the run is evaluated
    done = snakemake(again, f"{run}/metrics.csv", *arguments[1:])
    assert done.returncode == 0, done.stdout
    assert not (again / run / "checkpoints").exists()
