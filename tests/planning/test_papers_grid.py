"""Study `papers` plans what the papers' grids say: runs, encoders, settings."""

from collections import Counter
from types import SimpleNamespace

import pytest
from pushpull.planning.inputs import Inputs
from pushpull.planning.plan import Plan
from workflow_runs import SHIPPED

# Learning rates {5e-5, 2e-5} are in every grid, and 3 seeds.
BASELINE = 18  # 2 learning rates x 3 numbers of epochs {10, 40, 80} x 3 seeds
LADDER = 18  # 2 learning rates x 3 temperatures {0.07, 0.1, 0.2} x 3 seeds
AT_ONE_TEMPERATURE = 6  # 2 learning rates x temperature 0.1 x 3 seeds
FINE_TUNING = 12  # 2 learning rates x 2 numbers of epochs {5, 10} x 3 seeds

# Tables 2 and 3: 3 baselines, 4 contrastive losses, 2 fine-tunings: 3 x 18 + 4 x 18 + 2 x 12 = 150.
BOTH_TABLES = {
    "bce": BASELINE,
    "focal": BASELINE,
    "asymmetric": BASELINE,
    "base": LADDER,
    "base_queue": LADDER,
    "base_queue_prototypes": LADDER,
    "msc": LADDER,
    "base_ft": FINE_TUNING,
    "msc_ft": FINE_TUNING,
}
# Table 3 alone: 3 baselines, 2 contrastive losses at one temperature, 2 fine-tunings: 3 x 18 + 2 x 6 + 2 x 12 = 90.
TABLE_3 = {
    "bce": BASELINE,
    "focal": BASELINE,
    "asymmetric": BASELINE,
    "base": AT_ONE_TEMPERATURE,
    "msc": AT_ONE_TEMPERATURE,
    "base_ft": FINE_TUNING,
    "msc_ft": FINE_TUNING,
}
GRID = {"aapd": BOTH_TABLES, "rcv1_v2": BOTH_TABLES, "uk_lex": TABLE_3}
ENCODERS = {"aapd": "roberta", "rcv1_v2": "roberta", "uk_lex": "legal_bert"}
TRAININGS = 390  # 150 + 150 + 90

CONFIG = SHIPPED


def of_kind(dataset: str, kind: str) -> list[str]:
    """Methods of the paper's grid of a dataset, of one kind."""
    return [method for method in GRID[dataset] if CONFIG["methods"][method]["kind"] == kind]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(CONFIG | {"study": "papers"})


@pytest.fixture(scope="module")
def trained(plan) -> list:
    """ABALONE's runs (section 4 and appendix) but for the encoders as they came."""
    return [run for run in plan.papers["abalone"].values() if run.settings["kind"] != "pretrained"]


@pytest.mark.parametrize("dataset", GRID)
def test_runs_of_each_method_are_those_of_the_papers_grid(trained, dataset):
    assert Counter(run.method for run in trained if run.dataset == dataset) == GRID[dataset]


def test_nothing_else_is_trained(trained):
    assert len(trained) == TRAININGS
    assert {run.dataset: run.encoder for run in trained} == ENCODERS
    assert len({(run.dataset, run.encoder) for run in trained}) == 3


def test_encoders_as_they_came_are_there_once_where_table_2_has_them(plan):
    runs = plan.papers["abalone"].values()
    found = Counter(run.dataset for run in runs if run.settings["kind"] == "pretrained")
    assert found["aapd"] == found["rcv1_v2"] == 1
    assert found["uk_lex"] <= 1  # Table 3 has no such row


def test_every_grid_point_has_three_seeds(trained):
    seeds = Counter(run[:4] for run in trained)
    assert set(seeds.values()) == {3}
    assert len({run.seed for run in trained}) == 3


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("supervised", "learning_rate", {5e-5, 2e-5}),
        ("supervised", "epochs", {10, 40, 80}),
        ("contrastive", "learning_rate", {5e-5, 2e-5}),
        ("contrastive", "epochs", {80}),
        ("finetune", "learning_rate", {5e-5, 2e-5}),
        ("finetune", "epochs", {5, 10}),
    ],
)
@pytest.mark.parametrize("dataset", GRID)
def test_values_of_the_grid(trained, dataset, kind, key, values):
    for method in of_kind(dataset, kind):
        assert {run.settings[key] for run in trained if (run.dataset, run.method) == (dataset, method)} == values


@pytest.mark.parametrize(
    ("dataset", "temperatures"), [("aapd", {0.07, 0.1, 0.2}), ("rcv1_v2", {0.07, 0.1, 0.2}), ("uk_lex", {0.1})]
)
def test_temperatures(trained, dataset, temperatures):
    for method in of_kind(dataset, "contrastive"):
        runs = [run for run in trained if (run.dataset, run.method) == (dataset, method)]
        assert {run.settings["temperature"] for run in runs} == temperatures


def test_common_settings_are_the_papers(trained):
    for key, value in {
        "max_tokens": 300,
        "batch_size": 32,
        "weight_decay": 0.01,
        "warmup": 0.05,
        "head_learning_rate": 5e-5,
        "train_documents": None,
    }.items():
        assert {run.settings[key] for run in trained} == {value}, key


def test_the_ladder_adds_queue_then_prototypes_then_the_weight_of_negatives(trained):
    steps = {
        "base": (0, False, 1.0),
        "base_queue": (512, False, 1.0),
        "base_queue_prototypes": (512, True, 1.0),
        "msc": (512, True, 0.1),
    }
    keys = ("queue_size", "prototypes", "negative_weight")
    for method, values in steps.items():
        assert {tuple(run.settings[key] for key in keys) for run in trained if run.method == method} == {values}


def test_fine_tuning_starts_from_either_learning_rate_at_temperature_0_1(trained):
    tuned = [run for run in trained if run.settings["kind"] == "finetune"]
    assert {(run.method, run.settings["parent"]) for run in tuned} == {("base_ft", "base"), ("msc_ft", "msc")}
    for run in tuned:
        origin = (run.dataset, run.encoder, run.settings["parent"])
        parents = {
            other.setting: other.settings["learning_rate"]
            for other in trained
            if other[:3] == origin and other.settings["temperature"] == 0.1
        }
        assert set(parents) == set(run.settings["parent_settings"])
        assert set(parents.values()) == {5e-5, 2e-5}


# kNN-MLTC (hyperparameters.md, section 3): base model -> (learning rate, batch on AAPD, batch on RCV1-V2).
BASE_MODELS = {"cnn": (1e-3, 128, 512), "ldgn": (1e-3, 128, 512), "bert": (5e-5, 128, 128)}


@pytest.mark.parametrize("encoder", BASE_MODELS)
def test_base_models_of_knn_mltc_are_trained_as_printed(plan, encoder):
    runs = [run for run in plan.papers["knn_mltc"].values() if run.encoder == encoder]
    # 1 BCE, 4 weights of L_con, 1 or 2 without the coefficient; 3 seeds; 2 datasets.
    assert Counter(run.method for run in runs)["bce"] == 2 * 3
    assert Counter(run.method for run in runs)["joint"] == 2 * 4 * 3
    rate, *batches = BASE_MODELS[encoder]
    for dataset, batch, printed_weight in (("aapd_usual", batches[0], 0.1), ("rcv1_v2_usual", batches[1], 0.01)):
        found = [run.settings for run in runs if run.dataset == dataset]
        for key, value in {
            "learning_rate": rate,
            "head_learning_rate": rate,
            "batch_size": batch,
            "epochs": 30,
            "patience": 3,
            "weight_decay": 0.0,
            "schedule": "constant",
        }.items():
            assert {settings[key] for settings in found} == {value}, key
        joint = [settings for settings in found if settings["kind"] == "joint"]
        assert {settings["temperature"] for settings in joint} == {10.0}
        assert {settings["reduction"] for settings in joint} == {"sum"}
        for loss in ("shared_labels", "shared_or_not"):
            assert printed_weight in {s["contrastive_weight"] for s in joint if s["loss"] == loss}


def test_neighbours_of_knn_mltc_are_as_many_as_printed(plan):
    for dataset, k in (("aapd_usual", 5), ("rcv1_v2_usual", 10)):
        assert Inputs(plan).knn(SimpleNamespace(dataset=dataset)) == {"k": k, "temperature": 1.0, "proportion": 0.5}
