"""What a change in one function or constant makes again: comparisons, tables, figures or the report."""

import ast
import shutil
from pathlib import Path

import pytest
from pushpull import fingerprint as module
from pushpull.fingerprint import SCRIPTS, fingerprint
from pushpull.papers import artefacts, is_table, papers
from pushpull.planning.stages import MADE, artefact_code, report_code

NAMES = [f"{paper}_{name}" for paper in papers() for name in artefacts(paper)]
TABLES = {name for name in NAMES if is_table(name)}
FIGURES = {*NAMES} - TABLES
COMPARED = {f"compare {paper}" for paper in papers()}


def of(paper: str, *names: str) -> set[str]:
    return {f"{paper}_{name}" for name in names or artefacts(paper)}


def codes() -> dict[str, str]:
    """Name of a table or figure, "compare {paper}", "collect" or "report" -> fingerprint as the rules take it."""
    clear()
    found = {name: artefact_code(name) for name in NAMES} | {"report": report_code(NAMES)}
    for paper in papers():
        found[f"compare {paper}"] = fingerprint(f"{SCRIPTS}.compare", f"papers.{paper}.rows", without=MADE)
    return found | {"collect": fingerprint(f"{SCRIPTS}.collect", without=MADE)}


def clear() -> None:
    fingerprint.cache_clear()
    module._module.cache_clear()


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    yield codes()
    clear()


@pytest.fixture
def changed_by(tmp_path, monkeypatch, before):
    """Return a function that says whose fingerprints change when a function or constant of a file does."""
    scripts = tmp_path / SCRIPTS
    shutil.copytree(module.ROOT.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))

    def compare(file: str, name: str, text: str | None = None) -> set[str]:
        monkeypatch.setattr(module, "ROOT", scripts / "pushpull")
        assert codes() == before
        edit(scripts / file, name, text)
        after = codes()
        return {name for name in before if after[name] != before[name]}

    yield compare
    monkeypatch.undo()
    clear()


def edit(path: Path, name: str, text: str | None) -> None:
    """Put a statement into a function of a module, or `text` before its first line; wrap the value of a constant."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.parse("".join(lines)).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = node.body[isinstance(node.body[0], ast.Expr)]
            lines.insert(first.lineno - 1, " " * first.col_offset + (text or "edited = 1") + "\n")
            break
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and name in ast.unparse(node).split("=")[0]:
            value = node.value
            row, column = value.end_lineno - 1, value.end_col_offset
            encoded = lines[row].encode()
            lines[row] = (encoded[:column] + b", 1)[0]" + encoded[column:]).decode()
            row, column = value.lineno - 1, value.col_offset
            encoded = lines[row].encode()
            lines[row] = (encoded[:column] + b"(" + encoded[column:]).decode()
            break
    else:
        raise AssertionError(f"{path} has no {name}")
    path.write_text("".join(lines), encoding="utf-8")


COUNTED = of("abalone", "table1", "figure1") | of("clld", "figure2")
COUNTED |= of("knn_mltc", "table2", "table7", "table8", "figure3")
CHOSEN = {*NAMES} - COUNTED | COMPARED | {"report"}
"""What shows or compares runs of a chosen grid point."""
PRINTED = TABLES - of("push_pull") | of("abalone", "figure2") | {"report"}
BY_METHOD = of("abalone", "table2", "table3", "table4") | of("clld", "table2", "table3")
BY_METHOD |= of("knn_mltc", "table3", "table4", "table5", "table6") | of("push_pull", "table1", "table_rules")


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        # One table or figure, by its own function, by one that some share, and by a row.
        ("papers/abalone/tables.py", "table2", of("abalone", "table2") | {"report"}),
        ("papers/knn_mltc/figures.py", "_measured_models", of("knn_mltc", "figure2", "figure4")),
        ("papers/abalone/ladder.py", "table_ladder", of("abalone", "table_ladder") | {"report"}),
        ("papers/abalone/curves.py", "figure_forces", of("abalone", "figure_forces")),
        ("papers/abalone/forces.py", "panels", of("abalone", "figure1")),
        ("papers/abalone/force_drawing.py", "draw_forces", of("abalone", "figure1")),
        ("papers/clld/tables.py", "table2", of("clld", "table2") | {"report"}),
        ("papers/clld/tables.py", "_ablated", of("clld", "table3") | {"report"}),
        ("papers/clld/figures.py", "figure2", of("clld", "figure2")),
        ("papers/knn_mltc/costs.py", "table7", of("knn_mltc", "table7") | {"report"}),
        ("papers/knn_mltc/figures.py", "figure2", of("knn_mltc", "figure2")),
        ("papers/knn_mltc/neighbours.py", "shares", of("knn_mltc", "figure3")),
        ("papers/push_pull/tables.py", "table1", of("push_pull", "table1") | {"report"}),
        ("papers/push_pull/figures.py", "figure1", of("push_pull", "figure1")),
        ("papers/push_pull/rows.py", "COSINE_BCE", of("push_pull") | {"compare push_pull", "report"}),
        ("papers/clld/rows.py", "CT", of("clld") - of("clld", "figure2") | {"compare clld", "report"}),
        (
            "papers/abalone/rows.py",
            "BASE",
            of("abalone") - of("abalone", "table1", "figure1", "figure_collapse") | {"compare abalone", "report"},
        ),
        # The captions of figures are in the report alone.
        ("papers/abalone/tables.py", "CAPTIONS", {"report"}),
        # What they have in common.
        ("tables/selection.py", "select_setting", CHOSEN),
        ("tables/cells.py", "chosen_runs", CHOSEN),
        ("tables/variants.py", "released_settings", CHOSEN),
        ("tables/cells.py", "method_cells", BY_METHOD | {"report"}),
        ("tables/ladder.py", "ladder", {name for name in TABLES if name.endswith("_ladder")} | {"report"}),
        ("tables/printed.py", "printed_values", PRINTED),
        ("tables/rendering.py", "lay_out", TABLES | {"report"}),
        ("tables/rendering.py", "to_markdown", TABLES),
        ("tables/latex.py", "to_latex", TABLES),
        ("tables/style.py", "house_style", FIGURES),
        ("tables/shown.py", "shown_runs", {*NAMES} | COMPARED | {"collect", "report"}),
        ("tables/comparisons.py", "compare", COMPARED),
        ("evaluation/significance.py", "resampled_f1", COMPARED),
        ("data/dataset.py", "read_labels", COMPARED),
        ("report/overview.py", "overview_table", {"report"}),
        ("tables/collect.py", "collect", {"collect"}),
        ("tables/collect.py", "open_shown", {*NAMES} | COMPARED),
        # A figure is computed with the weights of the real losses; training one again is not the tables' business.
        ("losses/contrastive.py", "msc", of("abalone", "figure1")),
        # Nothing that it does shows in a result.
        ("job.py", "job", set()),
    ],
)
def test_a_change_remakes_what_it_touches_and_nothing_else(changed_by, file, name, expected):
    assert changed_by(f"pushpull/{file}", name) == expected


def test_words_that_nobody_runs_remake_nothing(changed_by):
    assert changed_by("pushpull/papers/abalone/tables.py", "table2", "# words") == set()


def test_a_change_of_a_script_remakes_what_it_makes(tmp_path, monkeypatch, before):
    scripts = tmp_path / SCRIPTS
    shutil.copytree(module.ROOT.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    with (scripts / "figure.py").open("a") as stream:
        stream.write("EDITED = 1\n")
    with monkeypatch.context() as patch:
        patch.setattr(module, "ROOT", scripts / "pushpull")
        after = codes()
    clear()
    assert {name for name in before if after[name] != before[name]} == FIGURES


def test_the_report_has_the_code_of_its_own_tables_alone():
    clear()
    alone = report_code(["abalone_table2", "abalone_figure1"])
    assert alone == report_code(["abalone_table2", "abalone_figure2"])
    assert alone != report_code(["abalone_table3", "abalone_figure1"])
    assert alone != report_code(["abalone_table2", "clld_figure2"])
