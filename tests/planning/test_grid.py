"""From an experiment to its runs: grids, settings, names, and what does not go together."""

from collections import Counter
from copy import deepcopy

import pytest
from plan_study import of_method, plan_of, wildcards
from pushpull.errors import InputError
from pushpull.planning.inputs import Inputs
from pushpull.planning.plan import Plan
from workflow_runs import SHIPPED

# Settings and grids.


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


def test_a_fine_tuning_of_a_run_with_many_settings_fits_into_the_name_of_a_file():
    many = {"max_tokens": 64, "head_learning_rate": 3.125e-04, "weight_decay": 0.0625, "warmup": 0.03125}
    many |= {"schedule": "linear", "clean_text": True, "label_text": "name", "probe_grid": "released"}
    parent = {"queue_size": 4096, "negative_weight": 0.0625, "projection": 512, "momentum": 0.9375}
    plan = plan_of([{"settings": many, "methods": {"base": parent, "base_ft": {"train_documents": 123456}}}])
    longer = plan_of([{"settings": many, "methods": {"base": parent | {"projection": 513}, "base_ft": None}}])
    assert all(len(part.encode()) < 255 for run in plan.runs() for part in run.path.split("/"))
    assert of_method(plan, "base")[0].setting != of_method(longer, "base")[0].setting


# What a fine-tuning may start from.


def test_the_methods_own_temperature_is_that_of_its_entry():
    config = deepcopy(SHIPPED)
    config["methods"]["base"]["temperature"] = 0.2
    experiment = config["studies"]["quick"]["experiments"][0]
    experiment["methods"] = {"base": {"temperature": [0.1, 0.2]}, "base_ft": None}
    plan = Plan(config)
    (setting,) = Inputs(plan).parents(wildcards(of_method(plan, "base_ft")[0]))
    assert "tau0.2" in setting


def test_where_no_grid_point_has_the_methods_own_temperature_all_may_be_started_from():
    plan = plan_of([{"methods": {"base": {"temperature": [0.07, 0.2]}, "base_ft": None}}])
    assert len(Inputs(plan).parents(wildcards(of_method(plan, "base_ft")[0]))) == 2


# What goes together, and what does not.


def test_label_wise_training_of_a_word_encoder_is_refused_before_anything_runs():
    with pytest.raises(InputError, match=r"mulcon: label-wise training .* cnn is none"):
        plan_of([{"encoders": ["cnn"], "methods": {"mulcon": None}}])


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
    assert Inputs(Plan(other)).entry(wildcards(run)) == Inputs(plan).entry(
        wildcards(run)
    )  # the dataset itself is not prepared again


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
