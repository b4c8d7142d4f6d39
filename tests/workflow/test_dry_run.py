"""What Snakemake plans, without running anything."""

import resource
from collections import Counter
from itertools import product

import pytest
import yaml
from pushpull.estimate.printout import jobs
from pushpull.kinds import SETTINGS
from pushpull.planning.plan import Plan
from workflow_runs import ARTEFACTS, PARTS, SHIPPED, dry_run, job_counts, planned, snakemake

CONFIG = SHIPPED
TABLES = {"abalone": 5, "knn_mltc": 8, "clld": 3, "push_pull": 3}
FIGURES = {"abalone": 4, "knn_mltc": 3, "clld": 1, "push_pull": 1}


def grid_points(kind: str, *given: dict | None) -> list[tuple]:
    """Values of every combination of the settings that the kind uses; a later dictionary goes before an earlier."""
    chosen = {key: value for settings in given for key, value in (settings or {}).items()}
    used = {key: value for key, value in sorted(chosen.items()) if kind in SETTINGS[key].kinds}
    return list(
        product(*([(key, v) for v in (value if isinstance(value, list) else [value])] for key, value in used.items()))
    )


def expected_counts(study: str) -> dict[str, int]:
    """Jobs per rule of a study, counted from config.yaml alone: kinds of method, grids, seeds, datasets.

    A run that two experiments share counts once, if both give it the same settings.
    """
    entry, datasets, papers, timed = CONFIG["studies"][study], set(), set(), set()
    found = set()
    for experiment in entry["experiments"]:
        datasets |= set(experiment["datasets"])
        papers |= set(experiment["papers"])
        seeds = experiment.get("seeds", entry["seeds"])
        for method, grid in experiment["methods"].items():
            kind = CONFIG["methods"][method]["kind"]
            points = grid_points(kind, experiment.get("settings"), grid)
            chosen = seeds[:1] if kind in ("pretrained", "zero_shot") else seeds
            found |= set(product(experiment["datasets"], experiment["encoders"], [(kind, method)], points, chosen))
        if "knn_mltc" in experiment["papers"]:
            timed |= set(product(experiment["datasets"], experiment["encoders"]))  # each has the method joint
    runs = Counter(kind for _, _, (kind, _), _, _ in found)
    total = sum(runs.values()) - runs["zero_shot"]
    probed = runs["pretrained"] + runs["contrastive"] + runs["label_wise"] + runs["text_label"]
    published = sum(CONFIG["datasets"][name]["reader"] != "generated" for name in datasets)
    counts = {
        "download": published,
        "fetch_encoder": len({name for _, name, *_ in found if "hub" in CONFIG["encoders"][name]}),
        "prepare": len(datasets),
        "train": probed,
        "train_classifier": total - probed - runs["finetune"],
        "finetune": runs["finetune"],
        "evaluate": probed,
        "evaluate_classified": total - probed,
        "zero_shot": runs["zero_shot"],
        "inference": len(timed),
        "neighbourhoods": int("knn_mltc" in papers),
        "collect": 1,
        "compare": len(papers),
        "table": sum(TABLES[paper] for paper in papers),
        "figure": sum(FIGURES[paper] for paper in papers),
        "report": 1,
        "all": 1,
    }
    return {rule: count for rule, count in counts.items() if count}


def test_the_quick_study_is_planned_in_full(quick_plan):
    counts = job_counts(quick_plan)
    assert counts == expected_counts("quick")
    assert counts["finetune"] > 0


def test_jobs_are_those_that_snakemake_plans(quick_plan):
    found = jobs(Plan(CONFIG))
    planned = job_counts(quick_plan)
    assert found == {rule: planned[rule] for rule in found}


def test_a_study_is_chosen_on_the_command_line(pristine):
    counts = job_counts(dry_run(pristine, "--config", "study=cpu"))
    assert counts == expected_counts("cpu")
    assert counts["download"] == 8


def test_the_slurm_profile_plans_the_papers_grids_quickly(pristine):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = dry_run(pristine, "--profile", "slurm")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert job_counts(printed) == expected_counts("papers")
    # Of its own time, not of the clock's, so that a busy machine does not fail the test.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 40
    train = next(job for job in planned(printed) if job.rule == "train")
    assert {"gpu=1", "cpus_per_task=8", "runtime=1200", "mem_mb=32000"} <= set(train.files("resources"))


def test_every_target_can_be_asked_for_by_name(pristine):
    targets = [*ARTEFACTS, "data", "tables", "figures", "report", "all"]
    counts = job_counts(dry_run(pristine, *targets))
    assert counts == expected_counts("quick") | dict.fromkeys(targets, 1)


@pytest.mark.parametrize(
    ("target", "wanted", "not_wanted"),
    [
        ("abalone_table3", {"table": 1, "abalone_table3": 1}, {"figure", "report", "all", "collect", "compare"}),
        ("data", {"prepare": 2, "data": 1}, {"train", "collect", "all"}),
    ],
)
def test_a_target_alone_plans_what_it_needs(pristine, target, wanted, not_wanted):
    counts = job_counts(dry_run(pristine, target))
    assert {rule: counts.get(rule) for rule in wanted} == wanted
    assert not_wanted.isdisjoint(counts)


def test_every_path_of_the_plan_is_made_by_one_job_only(quick_plan):
    made = Counter(path for job in planned(quick_plan) for path in job.files("output"))
    assert made
    assert set(made.values()) == {1}


def test_every_rule_logs_in_its_own_file(quick_plan):
    logs = Counter(path for job in planned(quick_plan) for path in job.files("log"))
    assert set(logs.values()) == {1}
    assert all(path.startswith("logs/") for path in logs)


def test_a_misspelled_key_ends_the_run_with_the_nearest_key(pristine):
    done = snakemake(pristine, "-n", "--cores", "all", "--config", "stdy=cpu")
    assert done.returncode == 1
    assert "top level: unknown key 'stdy': did you mean 'study'?" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_misspelled_study_ends_the_run_with_the_nearest_study(pristine):
    done = snakemake(pristine, "-n", "--cores", "all", "--config", "study=paper")
    assert done.returncode == 1
    assert "study: unknown study 'paper': did you mean 'papers'?" in done.stdout


def test_lint_finds_nothing(pristine):
    done = snakemake(pristine, "--lint")
    assert done.returncode == 0, done.stdout
    assert "Congratulations" in done.stdout


def test_a_dry_run_writes_no_file(pristine, quick_plan):
    assert job_counts(quick_plan)
    assert {path.name for path in pristine.iterdir()} == {*PARTS, ".snakemake"}


def test_the_slurm_profile_names_every_rule_that_runs_on_the_cluster(quick_plan, pristine):
    named = yaml.safe_load((pristine / "slurm/profile.yaml").read_text())["set-resources"]
    assert named.pop("zero_shot")["gpu"] == 1  # the quick study has no zero-shot run
    jobs = planned(quick_plan)
    local = {"download", "prepare", "collect", "table", "figure", "report", "all", *ARTEFACTS}
    assert set(named) == {job.rule for job in jobs} - local
    gpu = {job.rule for job in jobs if "gpu=1" in job.files("resources")}
    assert {rule for rule, resources in named.items() if "gpu" in resources} == gpu


def test_only_the_end_of_training_and_the_final_evaluation_read_the_test_documents(quick_plan):
    """Training embeds the test texts when its weights are chosen, while the model is open; their labels stay closed."""
    jobs = planned(quick_plan)
    readers = {job.rule for job in jobs if any(path.endswith("/test.parquet") for path in job.files("input"))}
    training, evaluation = {"train", "train_classifier", "finetune"}, {"evaluate", "evaluate_classified", "inference"}
    assert readers == training | evaluation | {"neighbourhoods", "compare"}
    assert len([job for job in jobs if job.rule in training]) == len(Plan(SHIPPED).runs())
