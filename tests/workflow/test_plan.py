"""The list of runs, their names, and what each rule reads."""

import subprocess
import sys
from collections import Counter
from copy import deepcopy

import pytest
import yaml
from pushpull.config import check
from pushpull.errors import InputError
from pushpull.plan import PROTOCOLS, Plan
from pushpull.settings import CLASSIFIER, KINDS
from snakemake.iocontainers import Wildcards
from workflow_runs import ROOT, planned

SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())


def plan_of(experiments: list[dict], seeds: tuple[int, ...] = (1, 2)) -> Plan:
    """Plan of a study with these experiments, on the shipped datasets, encoders and methods."""
    config = deepcopy(SHIPPED)
    common = {"papers": ["abalone"], "datasets": ["quick_multilabel"], "encoders": ["tiny"]}
    config["studies"]["own"] = {
        "title": "own",
        "seeds": list(seeds),
        "experiments": [common | experiment for experiment in experiments],
    }
    config["study"] = "own"
    check(config)
    return Plan(config)


def wildcards(run) -> Wildcards:
    """Wildcards as Snakemake gives them: all of them text."""
    return Wildcards(fromdict={key: str(value) for key, value in run._asdict().items() if key != "settings"})


def of_method(plan: Plan, method: str) -> list:
    return [run for run in plan.runs() if run.method == method]


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


def test_settings_of_a_method_go_before_those_of_the_experiment_and_these_before_defaults():
    plan = Plan(SHIPPED)
    bce, base_ft = of_method(plan, "bce")[0].settings, of_method(plan, "base_ft")[0].settings
    assert (bce["epochs"], bce["head_learning_rate"], bce["learning_rate"]) == (4, 1e-2, 5e-4)
    assert (base_ft["epochs"], base_ft["weight_decay"], base_ft["schedule"]) == (2, 0.01, "linear")
    assert "temperature" not in bce


def test_settings_in_the_methods_part_go_before_the_defaults_and_after_the_experiments():
    plan = plan_of([{"methods": {"msc": None}}, {"methods": {"msc": {"queue_size": 64}}}])
    assert {run.settings["queue_size"] for run in plan.runs()} == {512, 64}
    assert {run.settings["negative_weight"] for run in plan.runs()} == {0.1}


def test_a_grid_has_every_combination_with_every_seed():
    grid = {"epochs": [10, 40, 80], "learning_rate": [5e-5, 2e-5]}
    runs = plan_of([{"methods": {"bce": grid}}], seeds=(1, 2, 3)).runs()
    found = {(run.settings["epochs"], run.settings["learning_rate"], run.seed) for run in runs}
    assert len(runs) == len(found) == 3 * 2 * 3
    assert len({run.path for run in runs}) == len(runs)


def test_a_grid_in_the_experiments_settings_spans_all_methods_that_have_the_setting():
    runs = plan_of(
        [{"settings": {"temperature": [0.1, 0.2]}, "methods": {"bce": None, "msc": None}}], seeds=(1,)
    ).runs()
    assert Counter(run.method for run in runs) == {"bce": 1, "msc": 2}


def test_datasets_encoders_and_methods_are_crossed():
    parts = {"datasets": ["quick_multilabel", "quick_single"], "encoders": ["tiny", "minilm"]}
    runs = plan_of([parts | {"methods": {"bce": None, "base": None}}], seeds=(7,)).runs()
    assert len({(run.dataset, run.encoder, run.method) for run in runs}) == len(runs) == 8


def test_the_encoder_as_it_came_has_one_seed_and_a_grid_only_over_the_length_of_texts():
    runs = plan_of([{"methods": {"pretrained": {"max_tokens": [16, 32]}}}], seeds=(3, 4)).runs()
    assert [(run.seed, run.settings["max_tokens"]) for run in runs] == [(3, 16), (3, 32)]


def test_an_experiment_may_have_its_own_seeds():
    runs = plan_of([{"seeds": [5], "methods": {"bce": None}}, {"methods": {"base": None}}]).runs()
    assert [(run.method, run.seed) for run in runs] == [("bce", 5), ("base", 1), ("base", 2)]


def test_a_run_that_two_experiments_share_is_there_once():
    plan = plan_of([{"methods": {"bce": None}}, {"methods": {"bce": None, "base": None}}])
    assert len(plan.runs()) == 4
    assert len(plan.all_metrics()) == len(plan.study_record()["runs"]) == 4


def test_the_order_of_the_metrics_files_is_that_of_the_recorded_runs():
    plan = Plan(SHIPPED)
    assert plan.all_metrics() == [f"{run['path']}/metrics.csv" for run in plan.study_record()["runs"]]


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


def test_label_wise_training_of_a_word_encoder_is_refused_before_anything_runs():
    with pytest.raises(InputError, match=r"mulcon: label-wise training .* cnn is none"):
        plan_of([{"encoders": ["cnn"], "methods": {"mulcon": None}}])


# Names of runs.


def test_a_setting_that_a_method_fixes_is_not_repeated_in_the_name():
    plan = plan_of([{"methods": {"msc": None, "base_queue": None}}], seeds=(1,))
    assert {run.setting for run in plan.runs()} == {"lr5e-05_tau0.1_ep80"}
    assert len({run.path for run in plan.runs()}) == 2


def test_a_fine_tuning_is_named_after_what_it_starts_from():
    one = plan_of([{"methods": {"base": None, "base_ft": None}}])
    other = plan_of([{"methods": {"base": {"epochs": 40}, "base_ft": None}}])
    names = {of_method(plan, "base_ft")[0].setting for plan in (one, other)}
    assert names == {"lr5e-05_ep80_from-lr5e-05_tau0.1_ep80", "lr5e-05_ep80_from-lr5e-05_tau0.1_ep40"}


def test_fine_tunings_from_different_grids_differ_in_name():
    grids = ([5e-5, 2e-5], [5e-5, 1e-5], [5e-5, 2e-5, 1e-5])
    plans = [plan_of([{"methods": {"base": {"learning_rate": rates}, "base_ft": None}}]) for rates in grids]
    assert len({of_method(plan, "base_ft")[0].setting for plan in plans}) == 3


# What fine-tuning reads.


def test_fine_tuning_may_start_from_all_grid_points_at_the_methods_own_temperature():
    grid = {"temperature": [0.07, 0.1, 0.2], "learning_rate": [5e-5, 2e-5]}
    plan = plan_of([{"methods": {"base": grid, "base_ft": {"epochs": [5, 10]}}}], seeds=(1, 2, 3))
    tuned = of_method(plan, "base_ft")
    assert len(tuned) == 2 * 3
    for run in tuned:
        metrics, models = plan.parents(wildcards(run)), plan.parent_models(wildcards(run))
        assert set(metrics) == set(models) == {"lr5e-05_tau0.1_ep80", "lr2e-05_tau0.1_ep80"}
        for setting, paths in metrics.items():
            folder = f"results/runs/quick_multilabel/tiny/base/{setting}"
            assert sorted(paths) == [f"{folder}/seed{seed}/metrics.csv" for seed in (1, 2, 3)]
            assert models[setting] == f"{folder}/seed{run.seed}/model"
        inputs = plan.finetune_inputs(wildcards(run))
        assert len(inputs) == len(set(inputs)) == 2 * 3 + 2
        assert set(inputs) == {path for paths in metrics.values() for path in paths} | set(models.values())


def test_fine_tuning_waits_for_no_score_where_there_is_one_grid_point():
    plan = plan_of([{"methods": {"base": None, "base_ft": None}}])
    for run in of_method(plan, "base_ft"):
        assert plan.finetune_inputs(wildcards(run)) == list(plan.parent_models(wildcards(run)).values())


def test_the_methods_own_temperature_is_that_of_its_entry():
    config = deepcopy(SHIPPED)
    config["methods"]["base"]["temperature"] = 0.2
    experiment = config["studies"]["quick"]["experiments"][0]
    experiment["methods"] = {"base": {"temperature": [0.1, 0.2]}, "base_ft": None}
    plan = Plan(config)
    (setting,) = plan.parents(wildcards(of_method(plan, "base_ft")[0]))
    assert "tau0.2" in setting


def test_where_no_grid_point_has_the_methods_own_temperature_all_may_be_started_from():
    plan = plan_of([{"methods": {"base": {"temperature": [0.07, 0.2]}, "base_ft": None}}])
    assert len(plan.parents(wildcards(of_method(plan, "base_ft")[0]))) == 2


def test_every_file_that_fine_tuning_reads_belongs_to_a_planned_run():
    for study in SHIPPED["studies"]:
        plan = Plan(SHIPPED | {"study": study})
        planned_paths = {run.path for run in plan.runs()}
        for run in plan.runs():
            if plan.kind(run.method) == "finetune":
                read = plan.finetune_inputs(wildcards(run))
                assert {path.rpartition("/")[0] for path in read} <= planned_paths


def test_fine_tunings_in_two_experiments_read_the_grid_of_their_own():
    plan = plan_of(
        [
            {"methods": {"base": {"epochs": 5}, "base_ft": {"epochs": 1}}},
            {"methods": {"base": {"epochs": 6}, "base_ft": {"epochs": 2}}},
        ]
    )
    for run in of_method(plan, "base_ft"):
        (setting,) = plan.parents(wildcards(run))
        assert setting.endswith("ep5" if run.settings["epochs"] == 1 else "ep6")


# What the rules read.


def test_every_kind_has_its_protocols_and_knn_is_mixed_with_the_first():
    plan = Plan(SHIPPED)
    assert set(PROTOCOLS) == set(KINDS)
    for run in plan.runs():
        own = "classifier" if plan.kind(run.method) in CLASSIFIER else "linear_probe"
        assert plan.protocols(wildcards(run)) == (own, "knn", "dbc")


def test_a_dataset_may_have_its_own_settings_of_knn():
    config = deepcopy(SHIPPED)
    config["datasets"]["quick_multilabel"]["knn"] = {"k": 3}
    found = Plan(config).knn(Wildcards(fromdict={"dataset": "quick_multilabel"}))
    assert found == SHIPPED["knn"] | {"k": 3}
    assert Plan(config).knn(Wildcards(fromdict={"dataset": "quick_single"})) == SHIPPED["knn"]


def test_neighbours_are_looked_at_in_the_runs_of_knn_mltc_only():
    plan = plan_of(
        [
            {"papers": ["abalone"], "methods": {"bce": None}},
            {"papers": ["knn_mltc"], "methods": {"joint": {"contrastive_weight": [0.1, 1.0]}, "bce": {"epochs": 3}}},
        ]
    )
    for run in plan.runs():
        assert plan.retrieval(wildcards(run)) == (run.method == "joint" or run.settings["epochs"] == 3)
    (timed,) = plan.inference()
    assert (timed.method, timed.seed, timed.settings["contrastive_weight"]) == ("joint", 1, 0.1)
    assert [run.method for run in plan.neighbourhoods()] == ["bce", "joint"]


def test_what_is_prepared_from():
    config = deepcopy(SHIPPED)
    files = {"train": "a.csv", "test": "b.csv"}
    config["datasets"]["mine"] = {"title": "m", "task": "multi", "reader": "csv", "files": files}
    plan = Plan(config)
    assert plan.raw(Wildcards(fromdict={"dataset": "mine"})) == {"files": ["a.csv", "b.csv"]}
    assert plan.raw(Wildcards(fromdict={"dataset": "quick_single"})) == {}
    assert plan.raw(Wildcards(fromdict={"dataset": "semeval2018"})) == {
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
        assert one.record(wildcards(run)) == other.record(wildcards(run))
        assert one.settings(wildcards(run)) == other.settings(wildcards(run))


def test_what_a_run_is_made_of_does_not_depend_on_other_datasets_or_studies():
    more = deepcopy(SHIPPED)
    more["studies"]["quick"]["experiments"][0]["datasets"].append("quick_single")
    one, other = Plan(SHIPPED), Plan(more)
    assert len(other.runs()) == len(one.runs()) + 12
    for run in one.runs():
        assert one.record(wildcards(run)) == other.record(wildcards(run))
        if one.kind(run.method) == "finetune":
            assert one.parents(wildcards(run)) == other.parents(wildcards(run))


def test_only_the_final_evaluation_reads_the_test_documents(quick_plan):
    jobs = planned(quick_plan)
    readers = {job.rule for job in jobs if any(path.endswith("/test.parquet") for path in job.files("input"))}
    embedding, evaluation = {"embed", "embed_and_classify"}, {"evaluate", "evaluate_classified", "inference"}
    assert readers == embedding | evaluation | {"neighbourhoods", "compare"}
    trained = [job for job in jobs if job.rule in ("train", "finetune")]
    assert len(trained) == len(Plan(SHIPPED).runs())
    for job in trained:
        read = {path.rpartition("/")[2] for path in job.files("input")}
        assert {"train.parquet", "validation.parquet"} <= read
        assert not [path for path in job.files("input") if path.endswith(("test.parquet", "test.npy"))]


@pytest.mark.parametrize("module", ["plan", "config", "settings", "fingerprint", "errors"])
def test_what_the_snakefile_imports_is_light(module):
    heavy = ("torch", "pandas", "numpy", "transformers", "sklearn", "matplotlib", "datasets", "scipy", "pyarrow")
    code = f"import sys, pushpull.{module}; print(*(set(sys.modules) & set({heavy!r})))"
    folder = ROOT / "workflow_scripts"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.split() == []


def test_static_distances_are_the_pairs_of_the_dataset_and_part_of_the_runs_path():
    plan = Plan(SHIPPED)
    pairs = SHIPPED["datasets"]["quick_single"]["confusable"]
    (run,) = [run for run in of_method(plan, "clld") if run.encoder == "text_cnn"]
    assert run.settings["confusable"] == pairs
    assert all("confusable" not in other.settings for other in plan.runs() if other.method != "clld")
    other = deepcopy(SHIPPED)
    other["datasets"]["quick_single"]["confusable"] = pairs[:1]
    (changed_run,) = [run for run in of_method(Plan(other), "clld") if run.encoder == "text_cnn"]
    assert changed_run.path != run.path
    assert Plan(other).entry(wildcards(run)) == plan.entry(wildcards(run))  # the dataset itself is not prepared again


def test_static_distances_without_pairs_are_refused_with_what_to_write():
    config = deepcopy(SHIPPED)
    del config["datasets"]["quick_single"]["confusable"]
    with pytest.raises(InputError, match=r"datasets.quick_single: static label distances need `confusable`"):
        Plan(config)


def test_softmax_cross_entropy_is_refused_where_documents_have_several_labels():
    config = deepcopy(SHIPPED)
    config["studies"]["quick"]["experiments"][0]["methods"]["cross_entropy"] = None
    with pytest.raises(
        InputError, match=r"cross_entropy: loss .* is for task: single, quick_multilabel is task: multi"
    ):
        Plan(config)


def test_two_views_of_an_encoder_without_dropout_are_refused():
    config = deepcopy(SHIPPED)
    experiment = next(e for e in config["studies"]["quick"]["experiments"] if "clld" in e["papers"])
    experiment["encoders"] = ["cnn"]
    with pytest.raises(InputError, match=r"dropout makes the two views of a document differ, and cnn has none"):
        Plan(config)
