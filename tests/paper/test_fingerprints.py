"""What a change in one module makes again: tables, figures or the report."""

import pytest
from pushpull import fingerprint as module

TABLE = ("paper.registry", "paper.writing")
FIGURE = ("paper.figure_registry", "paper.figures")
REPORT = ("paper.report",)


@pytest.fixture
def changes(tmp_path, monkeypatch):
    """Return a function that says whether a change in a file changes the fingerprint of these modules."""

    def compare(file, modules):
        before = module.fingerprint.__wrapped__(*modules)
        source, find = module.ROOT / file, module._source
        edited = tmp_path / source.name
        edited.write_text(source.read_text() + "\nEDITED = 1\n")
        with monkeypatch.context() as patch:
            patch.setattr(module, "_source", lambda name: edited if find(name) == source else find(name))
            return module.fingerprint.__wrapped__(*modules) != before

    return compare


@pytest.mark.parametrize(
    ("file", "table", "figure", "report"),
    [
        ("paper/abalone.py", True, False, True),
        ("paper/abalone_rows.py", True, True, True),
        ("paper/cells.py", True, True, True),
        ("evaluation/significance.py", True, True, True),
        ("paper/rendering.py", True, False, True),
        ("paper/latex.py", True, False, False),
        ("paper/overview.py", False, False, True),
        ("paper/abalone_figures.py", False, True, False),
        ("paper/abalone_forces.py", False, True, False),
        ("paper/force_drawing.py", False, True, False),
        ("paper/figures.py", False, True, False),
        ("losses/contrastive.py", False, True, False),
        ("paper/collect.py", False, False, False),
    ],
)
def test_a_change_remakes_what_it_touches_and_nothing_else(changes, file, table, figure, report):
    assert [changes(file, modules) for modules in (TABLE, FIGURE, REPORT)] == [table, figure, report]
