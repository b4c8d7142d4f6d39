"""Every mistake in config.yaml is refused before anything runs, with the key, the value and the nearest valid name."""

from copy import deepcopy

import pytest
import yaml
from config_mistakes import EXPERIMENT, changed, complaint, line
from pushpull.planning.config import check
from workflow_runs import SHIPPED, TINY


def test_the_shipped_configuration_is_valid():
    check(SHIPPED)


def test_the_configuration_of_the_end_to_end_tests_is_valid():
    tiny = yaml.safe_load(TINY.read_text())
    check(
        SHIPPED | {part: SHIPPED[part] | tiny[part] for part in ("datasets", "encoders", "studies")} | {"study": "tiny"}
    )


@pytest.mark.parametrize(
    ("path", "value", "where", "nearest"),
    [
        ("stdy", "cpu", "top level", "study"),
        ("knn.temprature", 1.0, "knn", "temperature"),
        ("datasets.quick_single.corpsu", "single", "datasets.quick_single", "corpus"),
        ("encoders.tiny.poolin", "mean", "encoders.tiny", "pooling"),
        ("methods.msc.queue_sise", 512, "methods.msc", "queue_size"),
        ("methods.msc.temprature", 0.1, "methods.msc", "temperature"),
        ("studies.quick.seed", [1], "studies.quick", "seeds"),
        (f"{EXPERIMENT}.encoder", ["tiny"], EXPERIMENT, "encoders"),
        (f"{EXPERIMENT}.settings.epoch", 4, f"{EXPERIMENT}.settings", "epochs"),
        (f"{EXPERIMENT}.methods.bce.learning_rte", 0.1, f"{EXPERIMENT}.methods.bce", "learning_rate"),
    ],
)
def test_a_misspelled_key_is_named_with_its_place_and_the_nearest_key(path, value, where, nearest):
    said = line(changed(path, value))
    assert said.startswith(f"{where}: unknown key {path.rpartition('.')[2]!r}: did you mean {nearest!r}?")


@pytest.mark.parametrize(
    ("path", "value", "what", "nearest"),
    [
        ("study", "quik", "study", "quick"),
        ("datasets.semeval2018.reader", "semeval_2018", "reader", "semeval2018"),
        ("methods.bce.kind", "supervise", "kind", "supervised"),
        ("methods.bce.loss", "bse", "loss", "bce"),
        ("methods.base.loss", "jacard", "loss", "jaccard"),
        (f"{EXPERIMENT}.datasets", ["quick_multilable"], "dataset", "quick_multilabel"),
        (f"{EXPERIMENT}.encoders", ["minilm2"], "encoder", "minilm_2"),
        (f"{EXPERIMENT}.papers", ["abalon"], "paper", "abalone"),
        (f"{EXPERIMENT}.methods.pretained", None, "method", "pretrained"),
    ],
)
def test_an_unknown_name_is_named_with_its_place_and_the_nearest_name(path, value, what, nearest):
    said = line(changed(path, value))
    wrong = value[0] if isinstance(value, list) else value or "pretained"
    assert said.startswith(path.removesuffix(".pretained"))
    assert f"unknown {what} {wrong!r}: did you mean {nearest!r}?" in said


@pytest.mark.parametrize(
    ("path", "value", "nearest"),
    [
        ("datasets.quick_single.task", "singel", "single"),
        ("encoders.minilm.pooling", "maen", "mean"),
        ("methods.bce.schedule", "cosin", "cosine"),
        (f"{EXPERIMENT}.settings.schedule", "lineer", "linear"),
    ],
)
def test_a_word_that_is_not_allowed_is_named_with_the_nearest(path, value, nearest):
    said = line(changed(path, value))
    assert said.startswith(f"{path}: unknown value {value!r}: did you mean {nearest!r}?")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("methods.bce.epochs", "four"),
        (f"{EXPERIMENT}.settings.epochs", "four"),
        (f"{EXPERIMENT}.methods.bce.epochs", "four"),
        (f"{EXPERIMENT}.settings.epochs", True),
        (f"{EXPERIMENT}.settings.epochs", 2.5),
        (f"{EXPERIMENT}.settings.epochs", 0),
        (f"{EXPERIMENT}.settings.learning_rate", "5e-5"),  # YAML reads 5e-5 as text, 5.0e-5 as a number
        (f"{EXPERIMENT}.settings.prototypes", "perhaps"),
        ("studies.quick.seeds", 1),
        ("studies.quick.seeds", []),
        ("studies.quick.seeds", [1, 1]),
        ("methods.msc.temperature", 1000.0),
        ("methods.msc.temperature", 0.0),
        (f"{EXPERIMENT}.settings.dropout", 1.0),
        (f"{EXPERIMENT}.settings.max_tokens", 2),
        ("knn.k", 0),
        ("knn.proportion", 1.5),
        ("datasets.reuters21578.validation", 1.0),
        ("datasets.quick_single.documents.train", 0),
        ("encoders.roberta.revision", "main"),
        ("mirror", 3),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_named_with_its_place(path, value):
    said = line(changed(path, value))
    assert said.startswith(f"{path}: {value!r}") or (said.startswith(path) and repr(value) in said)


@pytest.mark.parametrize(
    ("path", "value", "where", "wrong"),
    [
        (f"{EXPERIMENT}.settings.temperature", [0.1, 1000.0], f"{EXPERIMENT}.settings.temperature.1", "1000.0"),
        (f"{EXPERIMENT}.methods.bce.epochs", [2, "four"], f"{EXPERIMENT}.methods.bce.epochs.1", "'four'"),
        (f"{EXPERIMENT}.settings.epochs", [], f"{EXPERIMENT}.settings.epochs", "[]"),
        (f"{EXPERIMENT}.settings.epochs", [2, 2], f"{EXPERIMENT}.settings.epochs", "[2, 2]"),
        ("studies.quick.seeds", [1, -2], "studies.quick.seeds.1", "-2"),
    ],
)
def test_the_wrong_value_of_a_list_is_named_with_its_position(path, value, where, wrong):
    assert line(changed(path, value)).startswith(f"{where}: {wrong}")


def test_a_whole_number_written_as_a_decimal_never_reaches_the_plan():
    """Draft 2020-12 takes 4.0 for an integer; `range` and the folder's name do not."""
    assert "4.0" in line(changed(f"{EXPERIMENT}.settings.epochs", 4.0))


@pytest.mark.parametrize("part", ["datasets", "encoders", "methods", "studies"])
@pytest.mark.parametrize("name", ["Mine", "my-data", "a/b", "a.b", "1st", ""])
def test_a_name_that_would_not_do_as_a_folder_is_refused(part, name):
    entry = next(iter(SHIPPED[part].values()))
    said = line(changed(part, SHIPPED[part] | {name: entry}))
    assert said.startswith(f"{part}: {name!r}")


@pytest.mark.parametrize("key", ["title", "kind"])
def test_a_missing_key_is_named_with_its_place(key):
    config = deepcopy(SHIPPED)
    del config["methods"]["bce"][key]
    said = line(config)
    assert said.startswith("methods.bce: ")
    assert repr(key) in said


def test_a_missing_part_is_named():
    config = deepcopy(SHIPPED)
    del config["encoders"]
    assert "'encoders'" in line(config)


def test_several_wrong_values_are_all_listed():
    config = changed("stdy", "cpu")
    config["methods"]["bce"]["epochs"] = "four"
    config["methods"]["msc"]["temperature"] = 1000.0
    config["studies"]["quick"]["seeds"] = 1
    lines = complaint(config).splitlines()[1:]
    assert len(lines) == 4
    for where in ("top level", "methods.bce.epochs", "methods.msc.temperature", "studies.quick.seeds"):
        assert sum(text.strip().startswith(where) for text in lines) == 1


def test_several_unknown_names_are_all_listed():
    config = changed("study", "quik")
    config["datasets"]["semeval2018"]["reader"] = "semeval"
    config["methods"]["bce"]["loss"] = "bse"
    config["studies"]["quick"]["experiments"][0]["encoders"] = ["minilm2", "tinny"]
    lines = complaint(config).splitlines()[1:]
    assert len(lines) == 5
    for wrong in ("quik", "semeval", "bse", "minilm2", "tinny"):
        assert sum(f"{wrong!r}: did you mean" in text for text in lines) == 1


def test_a_configuration_that_is_fine_is_left_as_it_was():
    config = deepcopy(SHIPPED)
    check(config)
    assert config == SHIPPED
