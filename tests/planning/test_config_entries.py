"""What a method, a dataset or an encoder of config.yaml needs, and what does not go with it."""

from copy import deepcopy

import pytest
from config_mistakes import EXPERIMENT, changed, complaint, line
from pushpull.planning.config import check
from workflow_runs import SHIPPED


@pytest.mark.parametrize("title", ["", " ", "_mine", "two\nlines", "tab\there", "half \ud83d", "NEL\x85"])
@pytest.mark.parametrize("path", ["datasets.quick_single.title", "encoders.tiny.title", "studies.quick.title"])
def test_a_title_that_a_figure_or_a_table_cannot_show_is_refused(path, title):
    said = line(changed(path, title))
    assert said.startswith(f"{path}: {title!r}; allowed: ")
    assert "does not begin with _" in said


@pytest.mark.parametrize("title", ["R&D <x> 100 % of $5", "東京 😀", "a_b", "\\alpha | `x`"])
def test_a_title_may_be_any_line_of_text(title):
    check(changed("methods.bce.title", title))


def test_a_name_that_no_file_could_have_is_refused():
    entry = SHIPPED["datasets"]["quick_single"]
    check(changed("datasets", SHIPPED["datasets"] | {"a" * 100: entry}))
    assert "100 in all" in line(changed("datasets", SHIPPED["datasets"] | {"a" * 101: entry}))


def test_an_unknown_parent_is_named_and_so_is_every_experiment_that_uses_it():
    lines = complaint(changed("methods.msc_ft.parent", "mcs")).splitlines()[1:]
    assert "methods.msc_ft.parent: unknown contrastive method 'mcs': did you mean 'msc'?" in lines[0]
    assert all("msc_ft starts from mcs" in text for text in lines[1:])


def test_a_parent_must_be_contrastive():
    assert "unknown contrastive method 'bce'" in complaint(changed("methods.msc_ft.parent", "bce"))


def test_a_corpus_that_the_reader_does_not_have_is_named_with_the_nearest():
    said = line(changed("datasets.quick_single.corpus", "multilable"))
    assert said.startswith("datasets.quick_single.corpus: unknown corpus 'multilable': did you mean 'multilabel'?")


@pytest.mark.parametrize(
    ("method", "setting", "value", "kind"),
    [
        ("bce", "temperature", 0.2, "supervised"),
        ("bce", "queue_size", 16, "supervised"),
        ("pretrained", "epochs", 3, "pretrained"),
        ("msc", "dropout", 0.1, "contrastive"),
    ],
)
@pytest.mark.parametrize("place", ["methods", f"{EXPERIMENT}.methods"])
def test_a_setting_that_the_kind_does_not_use_is_refused(place, method, setting, value, kind):
    said = line(changed(f"{place}.{method}.{setting}", value))
    assert said.startswith(f"{place}.{method}")
    assert setting in said
    assert kind in said


@pytest.mark.parametrize("setting", ["loss", "parent"])
def test_what_a_method_is_cannot_be_changed_in_an_experiment(setting):
    said = line(changed(f"{EXPERIMENT}.methods.msc_ft.{setting}", "msc"))
    assert f"unknown key '{setting}'" in said


def test_settings_of_an_experiment_may_serve_some_of_its_methods_only():
    check(changed(f"{EXPERIMENT}.settings.temperature", 0.2))  # bce and pretrained have none


@pytest.mark.parametrize("reader", ["csv", "jsonl"])
@pytest.mark.parametrize("key", ["files", "text", "labels"])
def test_an_own_dataset_needs_files_text_and_labels(reader, key):
    entry = {
        "title": "Mine",
        "task": "multi",
        "reader": reader,
        "files": {"train": "a", "test": "b"},
        "text": "body",
        "labels": "topics",
    }
    check(changed("datasets.mine", entry))
    del entry[key]
    assert line(changed("datasets.mine", entry)) == f"datasets.mine.{key}: a {reader} dataset needs this key"


def test_an_own_dataset_needs_a_test_file():
    entry = {"title": "Mine", "task": "multi", "reader": "csv", "files": {"train": "a"}, "text": "t", "labels": "l"}
    said = line(changed("datasets.mine", entry))
    assert said.startswith("datasets.mine.files: ")
    assert "test" in said


def test_a_generated_dataset_needs_its_corpus():
    config = deepcopy(SHIPPED)
    del config["datasets"]["quick_single"]["corpus"]
    said = line(config)
    assert said.startswith("datasets.quick_single")
    assert "corpus" in said


def test_fine_tuning_needs_its_parent_among_the_methods():
    config = deepcopy(SHIPPED)
    del config["studies"]["quick"]["experiments"][0]["methods"]["msc"]
    assert line(config) == f"{EXPERIMENT}.methods: msc_ft starts from msc, which is not among the methods"


@pytest.mark.parametrize(
    ("left_out", "encoder"),
    [("package", "minilm"), ("sha256", "minilm"), ("hub", "roberta"), ("revision", "roberta"), ("random", "tiny")],
)
def test_an_encoder_needs_a_pinned_source(left_out, encoder):
    config = deepcopy(SHIPPED)
    del config["encoders"][encoder][left_out]
    said = line(config)
    assert said.startswith(f"encoders.{encoder}: an encoder needs pooling with package + sha256, hub + revision")


@pytest.mark.parametrize(
    ("encoder", "key", "value", "said"),
    [
        ("cnn", "hidden", 128, "unknown key of text_cnn 'hidden'"),
        ("ldgn", "kernel_widths", [3], "unknown key of ldgn 'kernel_widths'"),
        ("cnn", "pooling", "cls", "unknown key of text_cnn 'pooling'"),
        ("minilm", "embedding", 300, "embedding goes with architecture only"),
    ],
)
def test_a_key_that_an_encoder_would_not_use_is_refused(encoder, key, value, said):
    assert line(changed(f"encoders.{encoder}.{key}", value)).startswith(f"encoders.{encoder}: {said}")


def test_a_view_of_labels_that_a_corpus_does_not_have_is_refused():
    said = line(changed("datasets.eventdna.labels", "iptcc"))
    assert said.startswith("datasets.eventdna.labels: unknown view 'iptcc': did you mean 'iptc'?")


def test_random_false_is_no_source_of_an_encoder():
    said = line(changed("encoders.tiny.random", False))
    assert said.startswith("encoders.tiny")


OWN = {
    "title": "Mine",
    "task": "multi",
    "reader": "csv",
    "files": {"train": "a", "test": "b"},
    "text": "t",
    "labels": "l",
}


@pytest.mark.parametrize("key", ["text", "labels", "id", "split", "separator", "delimiter", "files"])
@pytest.mark.parametrize("value", ["", 3, [], None, {"a": 1}])
def test_a_key_of_own_data_has_the_right_type_and_says_something(key, value):
    assert f"datasets.mine.{key}" in complaint(changed("datasets.mine", OWN | {key: value}))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("delimiter", ";;", "is too long"),
        ("text", ["title"], "too short"),
        ("labels", ["a", "a"], "non-unique"),
        ("delimeter", ";", "did you mean 'delimiter'"),
        ("seperator", ";", "did you mean 'separator'"),
        ("splits", "fold", "did you mean 'split'"),
    ],
)
def test_a_near_miss_of_a_key_of_own_data_is_named(key, value, says):
    assert says in complaint(changed("datasets.mine", OWN | {key: value}))
