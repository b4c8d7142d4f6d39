"""A file is whole or not there."""

import hashlib
import json

import pytest
from pushpull.errors import unknown
from pushpull.files import atomic_path, sha256, write_json


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
