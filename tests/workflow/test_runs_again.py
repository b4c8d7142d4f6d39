"""What a second run does after a change: nothing, or what the change touches and no more."""

from pathlib import Path

import pytest
import yaml
from workflow_runs import TABLES, TINY, TINY_ARGUMENTS, Job, dry_run, files_below, job_counts, planned, real_run

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
    assert of_rule(jobs, "train") >= {"base", "msc"}
    assert of_rule(jobs, "finetune") == {"base_ft", "msc_ft"}
    assert {"prepare", "download"}.isdisjoint(counts)
    assert counts["collect"] == counts["report"] == 1
    reasons = [job.facts["reason"] for job in jobs if job.rule == "train"]
    assert all(reason.startswith(("Params have changed", "Code has changed")) for reason in reasons), reasons


def test_a_changed_contrastive_formula_leaves_supervised_and_untrained_runs_alone(again):
    edit(again, "losses/contrastive.py", "(1.0 if prototypes else 0.0)", "(2.0 if prototypes else 0.0)")
    assert of_rule(planned(dry_run(again, *TINY_ARGUMENTS)), "train") == {"base", "msc"}


def test_a_change_in_one_architecture_plans_its_own_runs_only(again):
    edit(again, "encoders/ldgn.py", "SLOPE = 0.2", "SLOPE = 0.1")
    jobs = planned(dry_run(again, *TINY_ARGUMENTS))
    touched = {job.wildcards()["encoder"] for job in jobs if job.rule in ("train", "embed", "embed_and_classify")}
    assert touched == {"tiny_ldgn"}


def test_other_settings_of_knn_evaluate_again_and_retrain_nothing(again):
    (again / "knn.yaml").write_text(yaml.safe_dump({"knn": {"k": 3}}))
    counts = job_counts(dry_run(again, "--configfile", TINY, "knn.yaml"))
    assert {"evaluate", "evaluate_classified", "inference", "collect"} <= counts.keys()
    assert {"train", "finetune", "embed", "embed_and_classify"}.isdisjoint(counts)


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
    embedded = of_rule(jobs, "embed") | of_rule(jobs, "embed_and_classify")
    assert trained in embedded
    assert left_alone not in embedded


def test_a_change_in_the_tables_retrains_nothing(again):
    edit(again, "paper/writing.py", "def write_table(", "UNUSED = 1\n\n\ndef write_table(")
    counts = job_counts(dry_run(again, *TINY_ARGUMENTS))
    assert set(counts) <= {"table", "report", "all"}
    assert counts["table"] == len(TABLES)


@pytest.mark.parametrize(("part", "name"), [("encoders", "tiny"), ("methods", "msc"), ("datasets", "tiny")])
def test_a_new_title_retrains_nothing(again, part, name):
    (again / "title.yaml").write_text(yaml.safe_dump({part: {name: {"title": "Another title"}}}))
    counts = job_counts(dry_run(again, "--configfile", TINY, "title.yaml"))
    assert "collect" in counts
    assert {"train", "finetune", "embed", "evaluate"}.isdisjoint(counts)


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
    done = real_run(again, *TINY_ARGUMENTS, "--forcerun", "collect", "--until", "table")
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {"collect": 1, "compare": 1, "table": len(TABLES)}
    assert {name: (study / name).read_bytes() for name in before} == before
