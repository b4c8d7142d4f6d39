"""The committed tables of the study `cpu` are, byte for byte, what the code makes of its committed measurements."""

import csv
import json
from pathlib import Path

import pytest
from pushpull.papers import artefacts, is_table, maker, papers
from pushpull.tables.study import load_study
from pushpull.tables.writing import write_table

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "cpu"
SINGLE = {"trec6", "mr", "r8", "r52", "newsgroups20"}
TABLES = [f"{paper}_{name}" for paper in papers() for name in artefacts(paper) if is_table(f"{paper}_{name}")]


def label_counts():
    """Labels of each dataset that a table of datasets counts: cards are not committed, and the manifest has none."""
    found = {}
    for name in ("abalone_table1", "knn_mltc_table2"):
        with (REFERENCE / f"tables/{name}.csv").open(encoding="utf-8", newline="") as stream:
            found |= {row["dataset"]: int(float(row["mean"])) for row in csv.DictReader(stream) if _counts(row)}
    return found


def _counts(row):
    return row["metric"] == "labels" and row["mean"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The study, with cards as far as the manifest and `label_counts` say what was in them."""
    folder, counts = tmp_path_factory.mktemp("cards"), label_counts()
    assert counts == {"reuters21578": 90, "semeval2018": 11, "eventdna": 17}
    manifest = json.loads((REFERENCE / "manifest.json").read_text(encoding="utf-8"))
    cards = []
    for name, facts in manifest["datasets"].items():
        task = "single" if name in SINGLE else "multi"
        labels = [{"name": f"label {n}", "train": 1} for n in range(counts.get(name, 0))]
        cards.append(folder / f"{name}.json")
        cards[-1].write_text(json.dumps({"dataset": name, "task": task, "splits": facts["splits"], "labels": labels}))
    return load_study(
        REFERENCE / "metrics.csv",
        REFERENCE / "runs.json",
        cards,
        [REFERENCE / "comparisons.csv"],
        REFERENCE / "inference.csv",
        label_distances=REFERENCE / "label_distances.csv",
    )


def test_every_committed_table_is_one_of_these():
    assert {path.stem for path in (REFERENCE / "tables").iterdir()} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_made_as_it_was_committed(study, name, tmp_path):
    files = {kind: tmp_path / f"{name}.{kind}" for kind in ("csv", "md", "tex")}
    write_table(maker(name)(study), *files.values())
    for kind in ("csv", "md"):
        assert files[kind].read_bytes() == (REFERENCE / "tables" / files[kind].name).read_bytes()
