"""What an addition to the configuration plans after a finished study: what is new, with the reason, and no more."""

import pytest
import yaml
from workflow_runs import TINY, Job, dry_run, planned

pytestmark = pytest.mark.slow

STUDY = yaml.safe_load(TINY.read_text())["studies"]["tiny"]
SMALL = {"max_tokens": 16, "epochs": 1, "batch_size": 16, "learning_rate": 1.0e-3, "head_learning_rate": 1.0e-2}
RUNS = ("train", "train_classifier", "finetune", "evaluate", "evaluate_classified")


def plan_with(folder, extra: dict, experiments: list[dict], **study) -> list[Job]:
    """The jobs that the study `tiny` needs with these experiments."""
    (folder / "more.yaml").write_text(
        yaml.safe_dump(extra | {"studies": {"tiny": STUDY | {"experiments": experiments} | study}})
    )
    return planned(dry_run(folder, "--configfile", TINY, "more.yaml"))


def of_runs(jobs: list[Job], *rules: str) -> set[tuple]:
    """Dataset, encoder, method and seed of the runs that these rules work on."""
    keys = ("dataset", "encoder", "method", "seed")
    return {tuple(job.wildcards()[key] for key in keys) for job in jobs if job.rule in (rules or RUNS)}


def assert_trained_because_new(jobs: list[Job]) -> None:
    reasons = {
        job.facts["reason"].split(":")[0] for job in jobs if job.rule in ("train", "train_classifier", "prepare")
    }
    assert reasons == {"Missing output files"}


def test_a_new_dataset_prepares_trains_and_evaluates_itself_alone(again):
    entry = yaml.safe_load(TINY.read_text())["datasets"]["tiny"] | {"title": "More"}
    more = {"papers": ["abalone"], "datasets": ["more"], "encoders": ["tiny"], "settings": SMALL}
    jobs = plan_with(again, {"datasets": {"more": entry}}, [*STUDY["experiments"], more | {"methods": {"bce": None}}])
    assert of_runs(jobs) == of_runs(jobs, "train_classifier") == {("more", "tiny", "bce", "1")}
    assert [job.wildcards()["dataset"] for job in jobs if job.rule == "prepare"] == ["more"]
    assert_trained_because_new(jobs)


def test_a_new_encoder_trains_its_runs_alone(again):
    card = {"title": "narrow CNN", "architecture": "text_cnn", "embedding": 8, "feature_maps": 4}
    more = {"papers": ["knn_mltc"], "datasets": ["tiny"], "encoders": ["narrow"], "settings": SMALL}
    jobs = plan_with(again, {"encoders": {"narrow": card}}, [*STUDY["experiments"], more | {"methods": {"bce": None}}])
    assert of_runs(jobs) == of_runs(jobs, "train_classifier") == {("tiny", "narrow", "bce", "1")}
    assert "prepare" not in {job.rule for job in jobs}
    assert_trained_because_new(jobs)


def test_a_new_seed_trains_that_seed_alone(again):
    jobs = plan_with(again, {}, STUDY["experiments"], seeds=[1, 2])
    assert {seed for *_, seed in of_runs(jobs)} == {"2"}
    assert {method for _, _, method, _ in of_runs(jobs, "finetune")} == {"base_ft", "msc_ft"}
    assert ("tiny", "tiny_ldgn", "joint", "2") in of_runs(jobs, "train_classifier")
    assert "pretrained" not in {method for _, _, method, _ in of_runs(jobs)}  # nothing in it is random
    assert_trained_because_new(jobs)


def test_another_setting_of_a_method_runs_that_method_and_what_starts_from_it_alone(again):
    first, *others = STUDY["experiments"]
    changed = first | {"methods": first["methods"] | {"msc": {"queue_size": 32}}}
    jobs = plan_with(again, {}, [changed, *others])
    assert of_runs(jobs) == {("tiny", "tiny", method, "1") for method in ("msc", "msc_ft")}
    assert_trained_because_new(jobs)
    assert {job.rule for job in jobs} - set(RUNS) == {"collect", "compare", "table", "figure", "report", "all"}
