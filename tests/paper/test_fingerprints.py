"""What a change in one module makes again: comparisons, tables, figures or the report."""

import pytest
from pushpull import fingerprint as module

COMPARE = ("paper.comparisons",)
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
    ("file", "compare", "table", "figure", "report"),
    [
        ("paper/comparisons.py", True, False, False, False),
        ("paper/selection.py", True, True, True, True),
        ("data/dataset.py", True, False, False, False),
        ("paper/abalone.py", False, True, False, True),
        ("paper/abalone_ladder.py", False, True, False, True),
        ("paper/abalone_rows.py", True, True, True, True),
        ("paper/clld.py", False, True, False, True),
        ("paper/clld_rows.py", True, True, True, True),
        ("paper/clld_figures.py", False, False, True, False),
        ("paper/push_pull.py", False, True, False, True),
        ("paper/push_pull_rows.py", True, True, True, True),
        ("paper/push_pull_figures.py", False, False, True, False),
        ("paper/printed.py", False, True, True, True),
        ("paper/cells.py", True, True, True, True),
        ("paper/variants.py", True, True, True, True),
        ("evaluation/significance.py", True, True, True, True),
        ("paper/rendering.py", False, True, False, True),
        ("paper/latex.py", False, True, False, False),
        ("paper/overview.py", False, False, False, True),
        ("paper/abalone_figures.py", False, False, True, False),
        ("paper/abalone_curves.py", False, False, True, False),
        ("paper/abalone_forces.py", False, False, True, False),
        ("paper/force_drawing.py", False, False, True, False),
        ("paper/figures.py", False, False, True, False),
        ("losses/contrastive.py", False, False, True, False),
        ("paper/collect.py", False, False, False, False),
    ],
)
def test_a_change_remakes_what_it_touches_and_nothing_else(changes, file, compare, table, figure, report):
    found = [changes(file, modules) for modules in (COMPARE, TABLE, FIGURE, REPORT)]
    assert found == [compare, table, figure, report]
