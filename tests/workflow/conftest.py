"""Copies of the checkout: one as it is, made once, and one for each test that needs its own."""

import shutil
from pathlib import Path

import pytest
from workflow_runs import copy_checkout, dry_run


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
