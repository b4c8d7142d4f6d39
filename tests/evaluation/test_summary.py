import csv
import subprocess
import sys

import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation import metrics, summary
from pushpull.evaluation.clustering import clustering_scores
from pushpull.evaluation.significance import bootstrap_interval

METRICS = ["micro_f1", "macro_f1", "hamming_loss"]
INTERVALS = ["micro_f1_low", "micro_f1_high", "macro_f1_low", "macro_f1_high"]


def draw(documents=30, labels=4):
    generator = np.random.default_rng(0)
    truth = {split: generator.random((documents, labels)) < 0.4 for split in ("validation", "test")}
    decided = {split: array ^ (generator.random(array.shape) < 0.2) for split, array in truth.items()}
    return truth, decided


def test_rows_hold_every_metric_of_every_rule_and_split():
    truth, decided = draw()
    rows = list(summary.decision_rows("dbc", {"fixed": decided, "one": truth}, truth, "multi"))
    assert [row[:3] for row in rows] == [
        (protocol, split, metric)
        for protocol in ("dbc_fixed", "dbc_one")
        for split in ("validation", "test")
        for metric in METRICS + INTERVALS
    ]
    values = {row[:3]: row[3] for row in rows}
    assert values["dbc_fixed", "test", "macro_f1"] == metrics.macro_f1(truth["test"], decided["test"])
    low, high = bootstrap_interval(truth["test"], decided["test"], "macro_f1")
    assert values["dbc_fixed", "test", "macro_f1_low"] == low < high
    assert values["dbc_fixed", "test", "macro_f1_high"] == high
    assert values["dbc_one", "validation", "micro_f1"] == 1


def test_the_rule_half_goes_by_the_protocol_and_single_label_adds_accuracy():
    truth, decided = draw()
    rows = list(summary.decision_rows("knn", {"half": decided}, truth, "single"))
    values = {row[:3]: row[3] for row in rows}
    assert {row[0] for row in rows} == {"knn"}
    assert values["knn", "test", "accuracy"] == metrics.accuracy(truth["test"], decided["test"])
    assert len(rows) == 2 * 8


def test_decisions_of_another_shape_are_refused():
    truth, decided = draw()
    with pytest.raises(InputError, match=r"knn: decisions for validation are \(29, 4\).*\(30, 4\)"):
        list(summary.decision_rows("knn", {"half": {"validation": decided["test"][1:]}}, truth, "multi"))


def test_clustering_rows_name_the_percent_kept():
    truth, _ = draw()
    embeddings = np.random.default_rng(1).standard_normal((30, 3))
    rows = list(summary.clustering_rows(embeddings, truth["test"]))
    assert {row[:2] for row in rows} == {("clustering", "test")}
    names = ("clusters", "documents", "silhouette", "davies_bouldin")
    assert {row[2] for row in rows} == {f"{name}@{percent}" for name in names for percent in range(10, 101, 10)}
    values = {row[2]: row[3] for row in rows}
    assert values["documents@100"] == 30
    assert values["silhouette@50"] == clustering_scores(embeddings, truth["test"], (0.5,))[0]["silhouette"]


def test_written_values_keep_all_their_digits(tmp_path):
    truth, decided = draw()
    rows = [*summary.decision_rows("knn", {"half": decided}, truth, "multi")]
    rows += [("clustering", "test", "clusters@10", 3), ("clustering", "test", "silhouette@10", float("nan"))]
    summary.write_rows(tmp_path / "metrics.csv", rows)
    with (tmp_path / "metrics.csv").open(newline="") as stream:
        lines = list(csv.reader(stream))
    assert lines[0] == ["protocol", "split", "metric", "value"]
    assert [tuple(line[:3]) for line in lines[1:]] == [row[:3] for row in rows]
    assert [float(line[3]) for line in lines[1:-1]] == [row[3] for row in rows[:-1]]
    assert [line[3] for line in lines[-2:]] == ["3", "nan"]


def test_metrics_jobs_import_neither_torch_nor_scikit_learn_nor_pandas():
    modules = "summary, protocols, dbc, classifier"
    script = f"from pushpull.evaluation import {modules}; import sys; print(*sys.modules)"
    folder = str(next(path for path in sys.path if path.endswith("workflow_scripts")))
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": folder}
    ).stdout.split()
    assert "numpy" in loaded
    assert not {"torch", "sklearn", "pandas", "scipy", "faiss"} & set(loaded)
