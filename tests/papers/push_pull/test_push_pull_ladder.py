import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from knn_mltc_study import load
from push_pull_study import DATASETS, ENCODERS, METHODS, add, cell, make, make_parts
from pushpull.evaluation.protocols import write_decisions
from pushpull.papers.push_pull.rows import COMPARISONS, PAPER
from pushpull.tables.comparisons import compare
from pushpull.tables.rendering import to_markdown
from sklearn.metrics import f1_score
from table_checks import rows_of


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make(load(make_parts(["moods"]), tmp_path_factory.mktemp("study")), "table_ladder")


def test_what_is_compared_is_training_then_the_variants():
    assert [(row.name, against.name) for against, row in COMPARISONS] == [
        ("text to label", "untrained"),
        ("decoupled text to label", "untrained"),
        ("texts and labels", "untrained"),
        ("margin", "untrained"),
        ("cosine BCE", "untrained"),
        ("decoupled text to label", "text to label"),
        ("cosine BCE", "margin"),
    ]
    assert {side.protocol for pair in COMPARISONS for side in pair} == {"dbc_per_label"}


def test_a_gain_is_shown_in_points_with_its_interval(table):
    # The fourth comparison: 3 points better in micro-F1 with [0.5, 5], as much worse in macro-F1.
    row = "GIST-small: margin vs GIST-small: untrained"
    found = cell(table, row, metric="micro_f1")
    assert (found["mean"], found.low, found.high) == pytest.approx((3.0, 0.5, 5.0))
    line = next(line for line in to_markdown(table).splitlines() if line.startswith(f"| {row} |"))
    assert "| +3.00*<br>[0.50, 5.00] | −3.00*<br>[−5.50, −1.00] |" in line
    assert len(rows_of(table)) == 2 * 7


def test_decisions_under_thresholds_per_label_are_compared(tmp_path):
    generator = np.random.default_rng(0)
    truth = generator.random((12, 3)) < 0.5
    names = ["grain", "earn", "ship"]
    listed = pa.array([[names[n] for n in np.flatnonzero(row)] for row in truth], type=pa.list_(pa.string()))
    (tmp_path / "own").mkdir()
    pq.write_table(
        pa.table({"id": [*map(str, range(12))], "text": ["x"] * 12, "labels": listed}), tmp_path / "own/test.parquet"
    )
    parts = {name: [] for name in ("runs", "rows")} | {"methods": METHODS}
    parts |= {"datasets": {"own": DATASETS["own"]}, "encoders": {"mini": ENCODERS["mini"]}}
    for method in ("pretrained", "margin"):
        add(parts, "own", "mini", method)
    scores = {}
    for run in parts["runs"]:
        run["path"] = str(tmp_path / run["path"])
        decided = truth ^ (generator.random(truth.shape) < 0.3)
        rules = {"per_label": (truth, decided), "exact": (truth, ~decided)}
        write_decisions(f"{run['path']}/dbc", rules)
        scores.setdefault(run["method"], []).append(f1_score(truth, decided, average="macro", zero_division=0))
    study = load(parts, tmp_path)
    study.cards["own"]["labels"] = [{"name": name} for name in names]
    found = compare(study, PAPER, COMPARISONS, {"own": tmp_path / "own"})
    found = found.set_index(["row", "against", "metric"])
    gain = found.loc["margin", "untrained", "macro_f1"]
    assert len(found) == 2
    assert gain.difference == pytest.approx(np.mean(scores["margin"]) - scores["pretrained"][0])
    assert gain.seeds == 3
