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


def written(path, header, *lines):
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


FORCES = "epoch,label,train_documents,attraction,repulsion"


def test_training_rows_name_column_and_epoch_and_tell_training_from_validation(tmp_path):
    history = written(
        tmp_path / "history.csv", "epoch,training_loss,validation_loss,label_spread", "1,2.5,3.5,0.75", "2,1.5,2.5,0.5"
    )
    assert list(summary.training_rows(history, [])) == [
        ("training", "train", "training_loss@1", 2.5),
        ("training", "validation", "validation_loss@1", 3.5),
        ("training", "validation", "label_spread@1", 0.75),
        ("training", "train", "training_loss@2", 1.5),
        ("training", "validation", "validation_loss@2", 2.5),
        ("training", "validation", "label_spread@2", 0.5),
    ]


def test_an_encoder_as_it_came_has_no_training_rows(tmp_path):
    history = written(tmp_path / "history.csv", "epoch,training_loss,validation_loss")
    assert list(summary.training_rows(history, written(tmp_path / "forces.csv", FORCES))) == []


def test_forces_are_means_over_thirds_of_the_labels_and_pairs_never_seen_are_left_out(tmp_path):
    history = written(tmp_path / "history.csv", "epoch,training_loss,validation_loss")
    values = [  # label, attraction, repulsion: seven labels are 3 + 2 + 2
        ("a", "-0.1", "0.2"),
        ("b", "-0.2", "0.4"),
        ("c", "-0.6", ""),
        ("d", "-0.5", "0.1"),
        ("e", "", "0.3"),
        ("f", "", "0.7"),
        ("g", "", ""),
    ]
    first = [f"1,{label},9,{attraction},{repulsion}" for label, attraction, repulsion in values]
    second = [f"10,{label},9,-1.0,0.5" for label, _, _ in values]
    rows = list(summary.training_rows(history, written(tmp_path / "forces.csv", FORCES, *first, *second)))
    assert {row[:2] for row in rows} == {("training", "train")}
    found = {row[2]: row[3] for row in rows}
    thirds = ("head", "middle", "tail")
    assert found == {
        "attraction_head@1": pytest.approx(-0.3),
        "attraction_middle@1": pytest.approx(-0.5),
        "repulsion_head@1": pytest.approx(0.3),
        "repulsion_middle@1": pytest.approx(0.2),
        "repulsion_tail@1": pytest.approx(0.7),  # no attraction of the tail: no pair was seen
        **{f"attraction_{third}@10": -1.0 for third in thirds},
        **{f"repulsion_{third}@10": 0.5 for third in thirds},
        # The shares of the labels behind those means.
        **{f"attraction_labels_{third}@1": share for third, share in zip(thirds, (1, 0.5, 0), strict=True)},
        **{f"repulsion_labels_{third}@1": share for third, share in zip(thirds, (2 / 3, 1, 0.5), strict=True)},
        **{f"{force}_labels_{third}@10": 1 for force in ("attraction", "repulsion") for third in thirds},
    }


def test_fewer_labels_than_thirds_leave_thirds_out(tmp_path):
    history = written(tmp_path / "history.csv", "epoch,training_loss,validation_loss")
    forces = written(tmp_path / "forces.csv", FORCES, "1,a,9,-0.5,0.25")
    found = {row[2]: row[3] for row in summary.training_rows(history, forces)}
    means = {metric: value for metric, value in found.items() if "_labels_" not in metric}
    assert means == {"attraction_head@1": -0.5, "repulsion_head@1": 0.25}
    assert [found[f"attraction_labels_{third}@1"] for third in ("head", "middle", "tail")] == [1, 0, 0]
