"""What a second run does after a change: nothing, or what the change touches and no more."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from workflow_runs import (
    TABLES,
    TINY,
    TINY_ARGUMENTS,
    Job,
    copy_checkout,
    dry_run,
    files_below,
    job_counts,
    planned,
    real_run,
)

pytestmark = pytest.mark.slow


def edit(folder: Path, module: str, old: str, new: str) -> None:
    path = folder / "workflow_scripts/pushpull" / module
    text = path.read_text()
    assert text.count(old) == 1, f"{module} has {text.count(old)} times {old!r}; choose another place to edit"
    path.write_text(text.replace(old, new))


def of_rule(jobs: list[Job], rule: str) -> set[str]:
    return {job.wildcards()["method"] for job in jobs if job.rule == rule}


def test_the_second_run_has_nothing_to_do(again):
    done = real_run(again, *TINY_ARGUMENTS)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_a_comment_or_a_docstring_in_the_library_retrains_nothing(again):
    edit(again, "losses/contrastive.py", "import torch\n", "# a comment\n\nimport torch\n")
    edit(again, "losses/kernel.py", '"""Sizes of intersection', '"""The sizes of intersection')
    edit(again, "training/loop.py", "import math\n", "import math  # another comment\n")
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS)


def test_a_changed_formula_plans_training_and_what_follows_and_no_new_data(again):
    edit(again, "losses/contrastive.py", "(1.0 if prototypes else 0.0)", "(2.0 if prototypes else 0.0)")
    printed = dry_run(again, *TINY_ARGUMENTS)
    jobs, counts = planned(printed), job_counts(printed)
    assert of_rule(jobs, "train") == {"msc"}
    assert of_rule(jobs, "finetune") == {"msc_ft"}
    assert {"prepare", "download"}.isdisjoint(counts)
    assert counts["collect"] == counts["report"] == 1
    reasons = [job.facts["reason"] for job in jobs if job.rule == "train"]
    assert all(reason.startswith(("Params have changed", "Code has changed")) for reason in reasons), reasons


def test_a_changed_contrastive_formula_leaves_supervised_and_untrained_runs_alone(again):
    edit(again, "losses/contrastive.py", "(1.0 if prototypes else 0.0)", "(2.0 if prototypes else 0.0)")
    jobs = planned(dry_run(again, *TINY_ARGUMENTS))
    assert of_rule(jobs, "train") | of_rule(jobs, "train_classifier") == {"msc"}


def test_a_change_in_one_architecture_plans_its_own_runs_only(again):
    edit(again, "encoders/ldgn.py", "SLOPE = 0.2", "SLOPE = 0.1")
    jobs = planned(dry_run(again, *TINY_ARGUMENTS))
    touched = {job.wildcards()["encoder"] for job in jobs if job.rule in ("train", "train_classifier")}
    assert touched == {"tiny_ldgn"}


def test_other_settings_of_knn_evaluate_again_and_retrain_nothing(again):
    (again / "knn.yaml").write_text(yaml.safe_dump({"knn": {"k": 3}}))
    counts = job_counts(dry_run(again, "--configfile", TINY, "knn.yaml"))
    assert {"evaluate", "evaluate_classified", "inference", "collect"} <= counts.keys()
    assert {"train", "train_classifier", "finetune"}.isdisjoint(counts)


@pytest.mark.parametrize(
    ("old", "new", "trained", "left_alone"),
    [
        (",work and unemployment,", ",jobs,", "text_to_label", "cosine_bce"),  # readable
        ("and people without work.", "and the unemployed.", "cosine_bce", "text_to_label"),  # description
    ],
)
def test_an_edited_label_text_trains_and_embeds_what_reads_that_column(again, old, new, trained, left_alone):
    path = again / "labels/quick_multilabel.csv"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    jobs = planned(dry_run(again, *TINY_ARGUMENTS))
    assert of_rule(jobs, "train") == {trained}
    evaluated = of_rule(jobs, "evaluate") | of_rule(jobs, "evaluate_classified")
    assert trained in evaluated
    assert left_alone not in evaluated


def test_an_edited_label_text_reaches_the_scores_of_a_run_that_is_not_trained_again(again):
    path = again / "labels/quick_multilabel.csv"
    path.write_text(path.read_text().replace(",work and unemployment,", ",jobs,"))
    (run,) = (again / "results/runs/tiny/tiny/bce").glob("*/seed1")
    model, before = run / "model/model.safetensors", np.load(run / "dbc/labels.npy")
    trained = model.stat().st_mtime_ns
    done = real_run(again, run.relative_to(again) / "metrics.csv", *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert job_counts(done.stdout) == {"evaluate_classified": 1}
    assert model.stat().st_mtime_ns == trained
    assert not np.array_equal(np.load(run / "dbc/labels.npy"), before)


def test_a_change_in_the_tables_retrains_nothing(again):
    edit(again, "tables/writing.py", "index=False", "index=bool(0)")
    counts = job_counts(dry_run(again, *TINY_ARGUMENTS))
    assert set(counts) <= {"table", "report", "all"}
    assert counts["table"] == len(TABLES)


def test_a_change_in_one_table_makes_that_table_again_and_no_other(again):
    edit(again, "papers/abalone/tables.py", "ABALONE, Table 4: clustering", "ABALONE, Table 4, clustering")
    assert job_counts(dry_run(again, *TINY_ARGUMENTS)) == {"table": 1, "report": 1, "all": 1}


def test_times_of_files_of_the_checkout_and_comments_plan_nothing(again):
    results = ("results", ".snakemake", "logs", "benchmarks")
    files = [path for path in files_below(again) if path.parts[0] not in results]
    for seconds in (time.time() + 3600, 1e9):
        for path in files:
            os.utime(again / path, (seconds, seconds))
        assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS)
    for script in (again / "workflow_scripts").glob("*.py"):
        script.write_text(script.read_text() + "# a comment\n")
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS)
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS, "--workflow-profile", "none")


def test_results_copied_beside_a_new_checkout_are_taken_as_they_are(finished, tmp_path):
    checkout = copy_checkout(tmp_path / "new")
    shutil.copytree(finished / "results", checkout / "results")
    assert "Nothing to be done" in dry_run(checkout, *TINY_ARGUMENTS)


SCRIPTS = {
    "prepare": {"prepare"},
    "train": {"train", "train_classifier"},
    "finetune": {"finetune"},
    "evaluate": {"evaluate", "evaluate_classified"},
    "inference": {"inference"},
    "neighbourhoods": {"neighbourhoods"},
    "compare": {"compare"},
    "collect": {"collect"},
    "table": {"table"},
    "figure": {"figure"},
    "report": {"report"},
}
RUNS = {"prepare", "train", "train_classifier", "finetune", "evaluate", "evaluate_classified"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_changed_statement_of_a_script_runs_the_rules_that_use_it(again, script):
    path = again / f"workflow_scripts/{script}.py"
    path.write_text(path.read_text() + "CHANGED = 1\n")
    jobs = planned(dry_run(again, *TINY_ARGUMENTS))
    changed = {job.rule for job in jobs if job.facts["reason"].startswith("Params have changed")}
    assert SCRIPTS[script] <= changed
    if script not in ("prepare", "train", "finetune", "evaluate"):
        assert RUNS.isdisjoint({job.rule for job in jobs})


@pytest.mark.parametrize(("part", "name"), [("encoders", "tiny"), ("methods", "msc"), ("datasets", "tiny")])
def test_a_new_title_retrains_nothing(again, part, name):
    (again / "title.yaml").write_text(yaml.safe_dump({part: {name: {"title": "Another title"}}}))
    counts = job_counts(dry_run(again, "--configfile", TINY, "title.yaml"))
    assert "collect" in counts
    assert {"train", "train_classifier", "finetune", "evaluate"}.isdisjoint(counts)


def test_one_table_is_written_again_after_its_files_are_deleted(again):
    tables = again / "results/tiny/tables"
    before = {suffix: (tables / f"abalone_table3.{suffix}").read_bytes() for suffix in ("csv", "md", "tex")}
    for suffix in before:
        (tables / f"abalone_table3.{suffix}").unlink()
    done = real_run(again, "abalone_table3", *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {"table": 1, "abalone_table3": 1}
    assert {suffix: (tables / f"abalone_table3.{suffix}").read_bytes() for suffix in before} == before


def test_every_table_is_the_same_when_made_again(again):
    study = again / "results/tiny"
    before = {
        name: (study / name).read_bytes() for name in files_below(study) if name.suffix in (".md", ".tex", ".csv")
    }
    done = real_run(again, "tables", *TINY_ARGUMENTS, "--forcerun", "compare", "table", "--until", "table")
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {"compare": 4, "table": len(TABLES)}
    assert {name: (study / name).read_bytes() for name in before} == before


def test_a_narrower_study_makes_no_table_again_and_its_report_lies_apart(again):
    before = (again / "results/tiny/report.html").read_bytes()
    done = real_run(again, *TINY_ARGUMENTS, "--config", "papers=clld")
    assert done.returncode == 0, done.stdout[-4000:]
    assert job_counts(done.stdout) == {"collect": 1, "report": 1, "all": 1}
    report = (again / "results/tiny/only_clld/report.html").read_text()
    assert "CLLD, Table 2" in report
    assert "ABALONE, Table 2" not in report
    assert (again / "results/tiny/report.html").read_bytes() == before
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS)
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS, "--config", "papers=clld")
