"""The list of runs, and what each rule reads."""

import subprocess
import sys
from collections import Counter
from copy import deepcopy

import pytest
from plan_study import of_method, plan_of, wildcards
from pushpull.errors import InputError
from pushpull.kinds import CLASSIFIER, KINDS
from pushpull.planning.inputs import Inputs
from pushpull.planning.plan import Plan
from snakemake.iocontainers import Wildcards
from workflow_runs import ROOT, SHIPPED

# The list of runs.


def test_the_quick_study_runs_the_compared_methods_with_two_seeds_and_the_others_once():
    runs = Plan(SHIPPED).runs()
    found = Counter((run.encoder, run.method) for run in runs)
    once = ("pretrained", "bce", "focal", "asymmetric", "base_queue", "base_queue_prototypes", "base_ft", "msc_ft")
    once += ("mulcon", "mulcon_alone", "text_to_label", "texts_and_labels", "margin")
    minilm = {("minilm_2", method): 1 for method in once} | {("minilm_2", method): 2 for method in ("base", "msc")}
    assert {key: count for key, count in found.items() if key[0] == "minilm_2"} == minilm
    for encoder in ("cnn", "ldgn_128"):  # base models of kNN-MLTC, each with and without L_con and its coefficient
        assert {method for place, method in found if place == encoder} == {"bce", "joint", "joint_binary"}
    clld = {"cross_entropy", "clld", "clld_constant", "clld_everywhere", "clld_adaptive"}
    assert {method for place, method in found if place == "text_cnn"} == clld
    assert {run.dataset for run in runs} == {"quick_multilabel", "quick_single"}
    assert len({run.path for run in runs}) == len(runs)


def test_an_experiment_may_have_its_own_seeds():
    runs = plan_of([{"seeds": [5], "methods": {"bce": None}}, {"methods": {"base": None}}]).runs()
    assert [(run.method, run.seed) for run in runs] == [("bce", 5), ("base", 1), ("base", 2)]


def test_a_run_that_two_experiments_share_is_there_once():
    plan = plan_of([{"methods": {"bce": None}}, {"methods": {"bce": None, "base": None}}])
    assert len(plan.runs()) == 4
    assert len(Inputs(plan).all_metrics()) == len(plan.record["runs"]) == 4


def test_the_order_of_the_metrics_files_is_that_of_the_recorded_runs():
    plan = Plan(SHIPPED)
    assert Inputs(plan).all_metrics() == [f"{run['path']}/metrics.csv" for run in plan.record["runs"]]


@pytest.mark.parametrize("study", SHIPPED["studies"])
def test_the_runs_of_every_shipped_study_have_settings_of_their_own_path(study):
    plan = Plan(SHIPPED | {"study": study})
    by_path = {}
    for run in plan.runs():
        assert by_path.setdefault(run.path, run.settings) == run.settings
        assert plan.run(wildcards(run)) == run
    assert by_path


def test_wildcards_of_no_run_are_refused_with_the_nearest_path():
    wrong = wildcards(Plan(SHIPPED).runs()[0]._replace(setting="tok33"))
    with pytest.raises(InputError, match=r"unknown run .*tok33.* did you mean '.*/pretrained/tok16/seed1'"):
        Plan(SHIPPED).run(wrong)


# What fine-tuning reads.


def test_fine_tuning_may_start_from_all_grid_points_at_the_methods_own_temperature():
    grid = {"temperature": [0.07, 0.1, 0.2], "learning_rate": [5e-5, 2e-5]}
    plan = plan_of([{"methods": {"base": grid, "base_ft": {"epochs": [5, 10]}}}], seeds=(1, 2, 3))
    tuned = of_method(plan, "base_ft")
    assert len(tuned) == 2 * 3
    for run in tuned:
        metrics, models = Inputs(plan).parents(wildcards(run)), Inputs(plan).parent_models(wildcards(run))
        assert set(metrics) == set(models) == {"lr5e-05_tau0.1_ep80", "lr2e-05_tau0.1_ep80"}
        for setting, paths in metrics.items():
            folder = f"results/runs/quick_multilabel/tiny/base/{setting}"
            assert sorted(paths) == [f"{folder}/seed{seed}/metrics.csv" for seed in (1, 2, 3)]
            assert models[setting] == f"{folder}/seed{run.seed}/model"
        files = Inputs(plan).finetune_inputs(wildcards(run))
        assert len(files) == len(set(files)) == 2 * 3 + 2
        assert set(files) == {path for paths in metrics.values() for path in paths} | set(models.values())


def test_fine_tuning_waits_for_no_score_where_there_is_one_grid_point():
    plan = plan_of([{"methods": {"base": None, "base_ft": None}}])
    for run in of_method(plan, "base_ft"):
        assert Inputs(plan).finetune_inputs(wildcards(run)) == list(Inputs(plan).parent_models(wildcards(run)).values())


def test_every_file_that_fine_tuning_reads_belongs_to_a_planned_run():
    for study in SHIPPED["studies"]:
        plan = Plan(SHIPPED | {"study": study})
        planned_paths = {run.path for run in plan.runs()}
        for run in plan.runs():
            if run.settings["kind"] == "finetune":
                read = Inputs(plan).finetune_inputs(wildcards(run))
                assert {path.rpartition("/")[0] for path in read} <= planned_paths


def test_fine_tunings_in_two_experiments_read_the_grid_of_their_own():
    plan = plan_of(
        [
            {"methods": {"base": {"epochs": 5}, "base_ft": {"epochs": 1}}},
            {"methods": {"base": {"epochs": 6}, "base_ft": {"epochs": 2}}},
        ]
    )
    for run in of_method(plan, "base_ft"):
        (setting,) = Inputs(plan).parents(wildcards(run))
        assert setting.endswith("ep5" if run.settings["epochs"] == 1 else "ep6")


# What the rules read.


def test_every_kind_has_its_protocols_and_knn_is_mixed_with_the_first():
    plan = Plan(SHIPPED)
    assert all(kind.protocols for kind in KINDS.values())
    for run in plan.runs():
        own = "classifier" if run.settings["kind"] in CLASSIFIER else "linear_probe"
        assert Inputs(plan).protocols(wildcards(run)) == (own, "knn", "dbc")


def test_a_dataset_may_have_its_own_settings_of_knn():
    config = deepcopy(SHIPPED)
    config["datasets"]["quick_multilabel"]["knn"] = {"k": 3}
    found = Inputs(Plan(config)).knn(Wildcards(fromdict={"dataset": "quick_multilabel"}))
    assert found == SHIPPED["knn"] | {"k": 3}
    assert Inputs(Plan(config)).knn(Wildcards(fromdict={"dataset": "quick_single"})) == SHIPPED["knn"]


def test_neighbours_are_looked_at_in_every_run_with_a_classifier_whatever_the_study():
    plan = plan_of(
        [
            {"papers": ["abalone"], "methods": {"bce": None, "base": None}},
            {"papers": ["knn_mltc"], "methods": {"joint": {"contrastive_weight": [0.1, 1.0]}, "bce": {"epochs": 3}}},
        ]
    )
    for run in plan.runs():
        assert Inputs(plan).retrieval(wildcards(run)) == (run.method != "base")
    (timed,) = plan.timed()
    assert (timed.method, timed.seed, timed.settings["contrastive_weight"]) == ("joint", 1, 0.1)
    assert [run.method for run in plan.shown("knn_mltc_figure3")] == ["joint", "bce"]


def test_what_is_prepared_from():
    config = deepcopy(SHIPPED)
    files = {"train": "a.csv", "test": "b.csv"}
    config["datasets"]["mine"] = {"title": "m", "task": "multi", "reader": "csv", "files": files}
    plan = Plan(config)
    assert Inputs(plan).raw(Wildcards(fromdict={"dataset": "mine"})) == {"files": ["a.csv", "b.csv"]}
    assert Inputs(plan).raw(Wildcards(fromdict={"dataset": "quick_single"})) == {}
    assert Inputs(plan).raw(Wildcards(fromdict={"dataset": "semeval2018"})) == {
        "manifest": "results/data/semeval2018/raw/manifest.json"
    }


def test_titles_do_not_reach_what_a_run_is_made_of():
    """A new title in config.yaml must not train anything again."""
    titled = deepcopy(SHIPPED)
    for part in ("encoders", "methods"):
        for entry in titled[part].values():
            entry["title"] += " (new)"
    titled["studies"]["quick"]["title"] = "new"
    one, other = Plan(SHIPPED), Plan(titled)
    for run in one.runs():
        assert Inputs(one).record(wildcards(run)) == Inputs(other).record(wildcards(run))
        assert Inputs(one).settings(wildcards(run)) == Inputs(other).settings(wildcards(run))


def test_what_a_run_is_made_of_does_not_depend_on_other_datasets_or_studies():
    more = deepcopy(SHIPPED)
    more["studies"]["quick"]["experiments"][0]["datasets"].append("quick_single")
    one, other = Plan(SHIPPED), Plan(more)
    assert len(other.runs()) == len(one.runs()) + 12
    for run in one.runs():
        assert Inputs(one).record(wildcards(run)) == Inputs(other).record(wildcards(run))
        if run.settings["kind"] == "finetune":
            assert Inputs(one).parents(wildcards(run)) == Inputs(other).parents(wildcards(run))


@pytest.mark.parametrize(
    "module", ["planning.inputs", "planning.config", "planning.machine", "kinds", "fingerprint", "errors", "papers"]
)
def test_what_the_snakefile_imports_is_light(module):
    heavy = ("torch", "pandas", "numpy", "transformers", "sklearn", "matplotlib", "datasets", "scipy", "pyarrow")
    code = f"import sys, pushpull.{module}; print(*(set(sys.modules) & set({heavy!r})))"
    folder = ROOT / "workflow_scripts"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.split() == []


def test_a_study_narrowed_to_a_paper_depends_on_the_same_runs():
    """A further seed in another paper's experiment is among the scores that choose where fine-tuning starts."""
    grid = {"base": {"learning_rate": [5e-5, 2e-5]}}
    plan = plan_of(
        [
            {"papers": ["abalone"], "methods": grid | {"base_ft": None}, "seeds": [1]},
            {"papers": ["clld"], "methods": grid, "seeds": [2]},
        ]
    )
    narrowed = Plan(plan.config | {"papers": " abalone"})
    assert len(narrowed.runs()) < len(plan.runs())
    for run in of_method(narrowed, "base_ft"):
        for part in ("parents", "before_finetuning", "trained"):
            assert getattr(Inputs(narrowed), part)(wildcards(run)) == getattr(Inputs(plan), part)(wildcards(run))


def test_a_dataset_called_like_a_paper_is_told_apart_from_it():
    config = deepcopy(SHIPPED)
    config["datasets"]["clld"] = config["datasets"]["quick_single"]
    found = Inputs(Plan(config))
    of_dataset = found.data(Wildcards(fromdict={"dataset": "clld"}))
    of_table = found.state(Wildcards(fromdict={"name": "clld_table2"}))
    again = Inputs(Plan(config))
    assert again.state(Wildcards(fromdict={"name": "clld_table2"})) == of_table
    assert again.data(Wildcards(fromdict={"dataset": "clld"})) == of_dataset
