"""The commit that a run records is the workflow's own, and says when its code is not what was committed."""

import os
import subprocess
from pathlib import Path

import pytest
from pushpull.training.record import CHECKOUT, CODE, commit

ROOT = Path(__file__).parents[2]


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *author, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A repository in a folder with a space, with code, a study and a result that are committed."""
    folder = tmp_path / "my checkout"
    for name in ("workflow_scripts/pushpull/losses/triplet.py", "studies/quick.yaml", "results/checksums/mr.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("one\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def test_the_workflow_is_looked_for_where_its_snakefile_lies():
    assert CHECKOUT == ROOT
    assert all((ROOT / part).exists() for part in CODE)


def test_the_commit_of_the_checkout_is_named_from_anywhere(checkout, tmp_path, monkeypatch):
    head = git(checkout, "rev-parse", "HEAD")
    link = tmp_path / "link"
    link.symlink_to(checkout)
    monkeypatch.chdir("/")
    assert commit(checkout) == commit(link) == head
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert commit(checkout) == head


def test_an_unpacked_copy_in_another_repository_has_no_commit(checkout):
    inner = checkout / "thesis/pushpull"
    inner.mkdir(parents=True)
    assert commit(inner) is None


def test_no_repository_one_without_a_commit_and_no_git_have_none(checkout, tmp_path, monkeypatch):
    assert commit(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(checkout) is None


@pytest.mark.parametrize(
    ("name", "dirty"),
    [
        ("workflow_scripts/pushpull/losses/triplet.py", True),
        ("workflow_scripts/pushpull/losses/a new ë.py", True),
        ("rules/more.smk", True),
        ("studies/quick.yaml", True),
        ("studies/mine.yaml", False),
        ("my/train.csv", False),
        ("results/checksums/mr.json", False),
        ("results/checksums/aapd.json", False),
    ],
)
def test_changed_files_and_new_code_are_dirty_results_and_own_files_are_not(checkout, name, dirty):
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("two\n", encoding="utf-8")
    assert commit(checkout).endswith("-dirty") == dirty


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to give a folder away")
def test_a_folder_of_another_owner_has_its_commit(checkout):
    head = git(checkout, "rev-parse", "HEAD")
    subprocess.run(["chown", "-R", "12345", str(checkout)], check=True)
    assert commit(checkout) == head
