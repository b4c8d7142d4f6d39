"""A room of the library imports what stands above it in the house's list, never what stands below."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "workflow_scripts/pushpull"
ROOMS = [
    "",
    "data",
    "encoders",
    "losses",
    "training",
    "evaluation",
    "tables",
    "papers",
    "report",
    "planning",
    "estimate",
]
FILES = sorted(LIBRARY.rglob("*.py"))


def room_of(module: str) -> str:
    """The folder below the library that a module lies in; "" for the modules beside the folders."""
    first = module.removeprefix("pushpull").lstrip(".").partition(".")[0]
    return first if (LIBRARY / first).is_dir() else ""


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return {name for name in found if name.partition(".")[0] == "pushpull"}


def test_every_folder_is_a_room_of_the_list():
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name != "__pycache__"} == {*ROOMS} - {""}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_import_goes_upwards(path):
    own = ROOMS.index(room_of("pushpull." + ".".join(path.relative_to(LIBRARY).with_suffix("").parts)))
    below = {name for name in imported(path) if ROOMS.index(room_of(name)) > own}
    assert below == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_papers_do_not_know_each_other(path):
    parts = path.relative_to(LIBRARY).parts
    if parts[0] == "papers" and len(parts) > 2:
        others = {name for name in imported(path) if name.startswith("pushpull.papers.")}
        assert {name.split(".")[2] for name in others} <= {parts[1]}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_module_has_at_most_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
