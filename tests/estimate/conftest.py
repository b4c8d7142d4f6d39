"""A folder without results."""

from pathlib import Path

import pytest


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Path:
    """A folder without results, where the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
