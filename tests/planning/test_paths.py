"""Every path that the configuration names for its study is looked for before anything is planned."""

import pytest
from plan_study import config_of
from pushpull.errors import InputError
from pushpull.files import read_yaml
from pushpull.planning.config import SCHEMA, check
from pushpull.planning.paths import check_paths

FILES = {"train": "my/train.csv", "validation": "my/dev.csv", "test": "my/test.csv"}
MINE = {"title": "M", "task": "multi", "reader": "csv", "files": FILES, "text": "t", "labels": "l"}
MINE |= {"label_texts": "my/labels.csv"}
NEWS = {"title": "N", "task": "multi", "reader": "eventdna", "folder": "my/news"}
OTHER = {"title": "O", "task": "multi", "reader": "eventdna", "folder": "not/asked/for"}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A study of two own datasets and an encoder with word vectors, whose files are there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PUSHPULL_MIRROR", raising=False)
    common = {"papers": ["abalone"], "datasets": ["mine", "news"], "encoders": ["cnn"], "methods": {"bce": None}}
    made = config_of([{}], (1,), common, {"mine": MINE, "news": NEWS, "other": OTHER})
    made["encoders"]["cnn"]["vectors"] = "my/vectors.txt"
    made["mirror"] = "my/mirror"
    for folder in ("my/news", "my/mirror"):
        (tmp_path / folder).mkdir(parents=True)
    for path in (*FILES.values(), "my/labels.csv", "my/vectors.txt"):
        (tmp_path / path).touch()
    return made


def test_files_that_are_there_pass_and_what_the_study_does_not_use_is_not_looked_for(config):
    check_paths(config)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("datasets.mine.files.train", "my/train.csv"),
        ("datasets.mine.files.validation", "my/dev.csv"),
        ("datasets.mine.files.test", "my/test.csv"),
        ("datasets.mine.label_texts", "my/labels.csv"),
        ("datasets.news.folder", "my/news"),
        ("encoders.cnn.vectors", "my/vectors.txt"),
        ("mirror", "my/mirror"),
    ],
)
def test_what_is_not_there_is_named_with_its_key(config, tmp_path, key, path):
    (tmp_path / path).rename(tmp_path / "elsewhere")
    with pytest.raises(InputError) as error:
        check_paths(config)
    assert f"  {key}: {path} is not there" in str(error.value)
    assert str(error.value).count("is not there, or") == 1
    assert str(tmp_path) in str(error.value)


def test_a_folder_is_no_file_and_a_file_no_folder(config, tmp_path):
    (tmp_path / "my/labels.csv").unlink()
    (tmp_path / "my/labels.csv").mkdir()
    (tmp_path / "my/news").rmdir()
    (tmp_path / "my/news").touch()
    with pytest.raises(
        InputError, match=r"(?s)labels\.csv is not there, or no file.*my/news is not there, or no folder"
    ):
        check_paths(config)


def test_the_mirror_of_the_environment_is_looked_for(config, monkeypatch):
    monkeypatch.setenv("PUSHPULL_MIRROR", "mirrow")
    with pytest.raises(InputError, match="PUSHPULL_MIRROR: mirrow is not there"):
        check_paths(config)


def test_every_key_that_the_schema_calls_a_path_is_looked_for_and_no_other_is_one():
    definitions = read_yaml(SCHEMA)["$defs"]
    keys = {part: definitions[part]["properties"] for part in ("dataset", "encoder")}
    named = {part: {key for key, said in found.items() if "#/$defs/path" in str(said)} for part, found in keys.items()}
    assert named == {"dataset": {"files", "folder", "label_texts"}, "encoder": {"vectors"}}
    plain = {part: {key for key, said in found.items() if said.get("type") == "string"} for part, found in keys.items()}
    # A new key of text must be told apart here: is it a path?
    assert plain == {
        "dataset": {"reader", "corpus", "id", "split", "separator", "delimiter"},
        "encoder": {"package", "sha256", "hub", "revision", "licence"},
    }


@pytest.mark.parametrize("key", ["folder", "label_texts", "files"])
def test_an_empty_path_is_not_the_working_folder(config, key):
    config["datasets"]["mine"] = config["datasets"]["mine"] | {key: ""}
    with pytest.raises(InputError, match=f"datasets.mine.{key}: "):
        check(config)
