"""Copies of the checkout: as it is, or with a finished run; made once, and copied for each test that changes them."""

import shutil
from pathlib import Path

import pytest
from workflow_runs import TINY_ARGUMENTS, copy_checkout, dry_run, real_run


@pytest.fixture(scope="session")
def pristine(tmp_path_factory) -> Path:
    """A copy of the checkout that nothing is written to but `.snakemake`."""
    return copy_checkout(tmp_path_factory.mktemp("pristine") / "checkout")


@pytest.fixture(scope="session")
def quick_plan(pristine) -> str:
    """What a dry run of the study that config.yaml names prints."""
    return dry_run(pristine)


@pytest.fixture
def checkout(pristine, tmp_path) -> Path:
    """A copy of the checkout for one test to change."""
    return shutil.copytree(pristine, tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A checkout in which the study `tiny` has run; not to be changed."""
    folder = copy_checkout(tmp_path_factory.mktemp("finished") / "checkout")
    done = real_run(folder, *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout[-8000:]
    (folder / "printed.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def again(finished, tmp_path) -> Path:
    """A copy of the finished checkout, times of files included."""
    return shutil.copytree(finished, tmp_path / "checkout")
