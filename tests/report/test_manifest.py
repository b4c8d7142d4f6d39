"""The manifest adds up what the runs recorded, and names what they were made of."""

import json

from pushpull.report.manifest import study_manifest
from synthetic_study import make_card

INFO = {"study": "quick", "title": "Quick"}


def record(folder, name, **facts):
    """run.json of a run, as training leaves it."""
    path = folder / name / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(facts))
    return path


def test_hours_add_up_and_every_version_commit_and_device_is_named_once(tmp_path):
    files = [
        record(tmp_path, "b", device="GPU", wall_seconds=1800, python="3.11", commit="aa", versions={"torch": "2.1"}),
        record(tmp_path, "a", device="GPU", wall_seconds=5400, python="3.11", commit="bb", versions={"torch": "2.0"}),
    ]
    found = study_manifest(INFO, {}, files)
    assert found["training_hours"] == 2
    assert (found["devices"], found["python"], found["commits"]) == (["GPU"], ["3.11"], ["aa", "bb"])
    assert found["versions"] == {"torch": ["2.0", "2.1"]}
    assert list(found["runs"]) == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert found["runs"][str(tmp_path / "a")]["wall_seconds"] == 5400
    assert not found["uncommitted_changes"]


def test_a_run_with_changes_that_were_not_committed_is_said(tmp_path):
    files = [record(tmp_path, "a", commit="aa"), record(tmp_path, "b", commit="bb-dirty")]
    assert study_manifest(INFO, {}, files)["uncommitted_changes"]


def test_where_a_commit_is_not_known_nobody_says_that_all_was_committed(tmp_path):
    files = [record(tmp_path, "a", commit="aa"), record(tmp_path, "b", commit=None)]
    assert study_manifest(INFO, {}, files)["uncommitted_changes"] is None
    files.append(record(tmp_path, "c", commit="cc-dirty"))
    assert study_manifest(INFO, {}, files)["uncommitted_changes"] is True


def test_a_run_that_recorded_nothing_counts_as_a_run_and_adds_nothing(tmp_path):
    found = study_manifest(INFO, {}, [record(tmp_path, "a")])
    assert (found["training_hours"], found["commits"], found["versions"]) == (0, [], {})
    assert list(found["runs"]) == [str(tmp_path / "a")]
    assert study_manifest(INFO, {}, [])["runs"] == {}


def test_checksums_of_splits_and_of_downloaded_files_are_in_it():
    card = make_card("mine", "Mine")
    card["sources"] = [{"file": "all.zip", "sha256": "cd" * 32}]
    found = study_manifest(INFO, {"mine": card}, [])["datasets"]["mine"]
    assert found["splits"]["train"]["sha256"] == "ab" * 32
    assert found["sources"] == [{"file": "all.zip", "sha256": "cd" * 32}]
    assert found["licence"] == "CC-BY 4.0"
    assert "labels" not in found
