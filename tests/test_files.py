"""A file is whole or not there."""

import hashlib
import json

import pytest
from pushpull.errors import InputError, unknown
from pushpull.files import atomic_path, read_yaml, sha256, write_json


def test_a_file_appears_only_when_it_is_finished(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent, "a rename is atomic only within a filesystem"
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_hash_and_json(tmp_path):
    path = tmp_path / "file.json"
    write_json(path, {"title": "Fähre"})
    assert json.loads(path.read_text()) == {"title": "Fähre"}
    assert sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_unknown_name_comes_with_the_nearest_one_and_all_allowed():
    assert (
        unknown("study", "qick", ["quick", "cpu"]) == "unknown study 'qick': did you mean 'quick'? Allowed: quick, cpu"
    )
    assert unknown("study", "zzz", ["quick", "cpu"]) == "unknown study 'zzz': Allowed: quick, cpu"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nb:\n  c: 2\n  c: 3\n", "is no YAML: line 4: the key 'c' stands in line 3 already"),
        (b"[{a: 1}, {a: 2, b: 1, a: 3}]", "is no YAML: line 1: the key 'a' stands in line 1 already"),
        (b"a:\n  b: 1\n\tc: 2\n", "is no YAML: line 3: "),
        (b"a: [\n", "is no YAML: line 2: "),
        (b"a: !!python/name:os.system\n", "is no YAML: line 1: "),
        (b"a: caf\xe9\n", "is no UTF-8 "),
        (b"a: \x00\n", "is no YAML: "),
    ],
)
def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "mine.yaml").write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / "mine.yaml")
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'} {said}")
    assert ("has a tab" in str(caught.value)) == (b"\t" in text)


def test_a_byte_order_mark_and_merged_keys_are_fine(tmp_path):
    text = "\ufeffusual: &usual {a: 1, b: 2}\nmine: {<<: *usual, a: 3}\nagain: {<<: *usual, b: 4}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert read_yaml(tmp_path / "mine.yaml") == {
        "usual": {"a": 1, "b": 2},
        "mine": {"a": 3, "b": 2},
        "again": {"a": 1, "b": 4},
    }
