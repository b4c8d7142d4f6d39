"""One table costs one table: a target plans the runs that it shows, as the estimate counts them, and no other."""

import shutil
from pathlib import Path

import pytest
from pushpull.planning.config import load_config
from pushpull.planning.plan import Plan
from workflow_runs import ARTEFACTS, ROOT, dry_run, job_counts, snakemake

pytestmark = pytest.mark.slow
TRAINING = ("train", "train_classifier", "finetune", "zero_shot")
STUDIES = sorted(path.stem for path in (ROOT / "studies").glob("*.yaml"))
PLANS = {study: Plan(load_config(study, ROOT / "config.yaml")) for study in STUDIES}
CASES = [(study, name) for study, plan in PLANS.items() for name in plan.artefacts()]


def trainings(printed: str) -> int:
    counts = job_counts(printed)
    return sum(counts.get(rule, 0) for rule in TRAINING)


@pytest.mark.parametrize(("study", "name"), CASES)
def test_a_target_plans_as_many_runs_as_the_estimate_counts(pristine, study, name):
    assert trainings(dry_run(pristine, name, "--config", f"study={study}")) == len(PLANS[study].shown(name))


def test_every_table_and_figure_is_among_those_compared():
    assert {(study, name) for study in ("papers", "quick", "cpu") for name in ARTEFACTS} <= set(CASES)


def test_table_2_of_abalone_has_its_146_runs_of_roberta_and_table_1_none():
    shown = PLANS["papers"].shown("abalone_table2")
    assert len(shown) == 146
    assert {run.encoder for run in shown} == {"roberta"}
    for name in ("abalone_table1", "abalone_figure1", "knn_mltc_table2"):
        assert PLANS["papers"].shown(name) == []


def test_a_study_narrowed_to_papers_plans_the_union_of_what_they_show(pristine):
    printed = dry_run(pristine, "--config", "study=papers", "papers=clld,abalone")
    runs = {run.path for paper in ("clld", "abalone") for run in PLANS["papers"].every[paper].values()}
    assert trainings(printed) == len(runs)
    assert "knn_mltc" not in printed


def test_a_target_of_a_paper_that_the_study_lacks_names_the_studies_that_have_it(pristine):
    done = snakemake(pristine, "-n", "--cores", "1", "knn_mltc_table3", "--config", "study=gpu")
    assert done.returncode == 1
    assert "study gpu has no run for knn_mltc; studies that have: cpu, papers, quick" in done.stdout
    done = snakemake(pristine, "-n", "--cores", "1", "knn_mltc_table3", "--config", "papers=abalone")
    assert done.returncode == 1
    assert "study quick: papers=abalone leaves knn_mltc out" in done.stdout


def test_an_unknown_paper_is_refused_with_the_nearest(pristine):
    done = snakemake(pristine, "-n", "--cores", "1", "--config", "papers=abalon")
    assert done.returncode == 1
    assert "papers: study quick has unknown paper 'abalon': did you mean 'abalone'?" in done.stdout


FIFTH = {
    "__init__.py": 'TITLE = "A fifth paper"\nTABLES = {"table1": "tables", "table2": "tables"}\nFIGURES = {}\n',
    "rows.py": """from pushpull.tables.rows import Row
from pushpull.tables.shown import CARDS, Shown, methods

OURS = Row("ours", "bce, nothing else", "bce", "classifier", "classifier")
COMPARISONS = ()
SHOWN = {"table1": Shown(methods([OURS])), "table2": CARDS}
""",
    "tables.py": """from pushpull.papers.fifth.rows import OURS
from pushpull.tables.cells import method_cells
from pushpull.tables.printed import no_printed_values
from pushpull.tables.rows import MICRO_F1
from pushpull.tables.table import Table, labels

CAPTIONS = {}


def table1(study):
    cells = method_cells(study, "fifth", [OURS], [MICRO_F1], no_printed_values())
    return Table("fifth_table1", "A fifth paper, Table 1", "Test.", (MICRO_F1,), cells, labels(study, [OURS]))


def table2(study):
    return table1(study)
""",
}
STUDY = """title: a fifth paper
seeds: [1]
experiments:
  - papers: [fifth]
    datasets: [quick_multilabel]
    encoders: [cnn]
    settings: {max_tokens: 8, epochs: 1, batch_size: 64, learning_rate: 1.0e-2, head_learning_rate: 1.0e-2}
    methods: {bce: , margin: }
"""


@pytest.fixture
def with_fifth(checkout) -> Path:
    folder = checkout / "workflow_scripts/pushpull/papers/fifth"
    folder.mkdir()
    for name, text in FIFTH.items():
        (folder / name).write_text(text)
    (checkout / "studies/fifth.yaml").write_text(STUDY)
    return checkout


def test_a_fifth_paper_is_a_folder_and_a_study_and_its_table_costs_its_own_run(with_fifth):
    done = snakemake(with_fifth, "fifth_table1", "--cores", "2", "--config", "study=fifth")
    assert done.returncode == 0, done.stdout[-4000:]
    assert trainings(done.stdout) == 1
    table = (with_fifth / "results/fifth/tables/fifth_table1.md").read_text()
    assert "| ours (bce, nothing else) |" in table


def test_a_paper_folder_without_a_title_is_refused(with_fifth):
    path = with_fifth / "workflow_scripts/pushpull/papers/fifth/__init__.py"
    path.write_text(path.read_text().replace('TITLE = "A fifth paper"\n', ""))
    done = snakemake(with_fifth, "-n", "--cores", "1")
    assert done.returncode == 1
    assert "papers/fifth/__init__.py: TITLE is None; allowed: the title of the paper" in done.stdout


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("mine.yaml", "", "studies/mine.yaml is empty; allowed: a mapping"),
        ("mine.yaml", "- quick\n", "studies/mine.yaml holds a list; allowed: a mapping"),
        ("mine.yaml", "a: [\n", "studies/mine.yaml is no YAML"),
        ("quick.yml", "title: another\n", "there is another study called quick"),
    ],
)
def test_a_study_file_that_is_none_is_named(pristine, tmp_path, name, text, said):
    checkout = shutil.copytree(pristine, tmp_path / "own")
    (checkout / "studies" / name).write_text(text)
    done = snakemake(checkout, "-n", "--cores", "1")
    assert done.returncode == 1
    assert said in done.stdout
