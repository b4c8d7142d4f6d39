import csv
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pushpull.evaluation.metrics import micro_f1
from pushpull.evaluation.protocols import read_decisions

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
SIZES = {"train": 80, "validation": 30, "test": 40}
KNN = {"k": 5, "temperature": 1.0, "proportion": 0.3}
CURVES = ("neighbours", "test")


class Run:
    """A dataset and a run's embeddings on disk, as the steps before evaluation leave them."""

    def __init__(self, folder, task):
        generator = np.random.default_rng(0)
        names = ["grain", "earn", "ship"]
        self.folder, self.data, self.truth = folder, folder / "data", {}
        (self.data).mkdir()
        for part in ("embeddings", "classifier"):
            (folder / part).mkdir()
        labels = generator.standard_normal((3, 6)).astype(np.float32)
        for split, size in SIZES.items():
            truth = np.eye(3, dtype=bool)[generator.integers(3, size=size)]
            if task == "multi":
                truth |= generator.random(truth.shape) < 0.2
            self.truth[split] = truth
            texts = truth @ labels + 0.3 * generator.standard_normal((size, 6))
            np.save(folder / f"embeddings/{split}.npy", texts.astype(np.float32))
            logits = texts @ (4 * labels).T - 8
            scores = 1 / (1 + np.exp(-logits)) if task == "multi" else np.exp(logits) / np.exp(logits).sum(1)[:, None]
            if split != "train":  # what the encoder's job leaves of a run with a classifier
                np.save(folder / f"classifier/{split}.npy", scores.astype(np.float32))
            table = {
                "id": [str(row) for row in range(size)],
                "text": ["text"] * size,
                "labels": [[names[label] for label in np.flatnonzero(row)] for row in truth],
            }
            pq.write_table(pa.table(table), self.data / f"{split}.parquet")
        np.save(folder / "embeddings/labels.npy", labels)
        (folder / "embeddings/labels.json").write_text(json.dumps(names))
        (folder / "history.csv").write_text("epoch,training_loss,validation_loss\n1,2.5,2.25\n2,1.5,2.0\n")
        card = {"dataset": "small", "task": task, "labels": [{"name": name, "text": name} for name in names]}
        (self.data / "card.json").write_text(json.dumps(card))

    def evaluate(self, *protocols, retrieval=False):
        """Run the script; return {(protocol, split, metric): value} of its metrics.csv."""
        params = {"protocols": protocols, "knn": KNN, "retrieval": retrieval, "seed": 0, "remote_code": False}
        params["settings"] = {"probe_grid": "paper", "label_text": "readable", "max_tokens": 16}
        job = SimpleNamespace(
            input=SimpleNamespace(
                card=str(self.data / "card.json"), history=str(self.folder / "history.csv"), forces=[], label_texts=[]
            ),
            output=SimpleNamespace(metrics=str(self.folder / "metrics.csv")),
            params=SimpleNamespace(**params),
            log=[str(self.folder / "evaluate.log")],
            threads=1,
            resources={},
        )
        runpy.run_path(str(SCRIPTS / "evaluate.py"), init_globals={"snakemake": job})
        with (self.folder / "metrics.csv").open(newline="") as stream:
            return {tuple(row[:3]): float(row[3]) for row in list(csv.reader(stream))[1:]}


@pytest.mark.parametrize("first", ["classifier", "linear_probe"])
@pytest.mark.parametrize("task", ["multi", "single"])
def test_every_protocol_scores_decides_and_is_measured(tmp_path, task, first):
    run = Run(tmp_path, task)
    values = run.evaluate(first, "knn", "dbc")
    compared = 0
    for protocol in (first, "knn", "dbc"):
        for split in ("validation", "test"):
            scores = np.load(tmp_path / protocol / f"{split}.npy", allow_pickle=False)
            assert scores.shape == (SIZES[split], 3) and scores.dtype == np.float32
            assert 0 <= scores.min() < scores.max() <= 1
        for rule, by_split in read_decisions(tmp_path / protocol).items():
            name = protocol if rule == "half" else f"{protocol}_{rule}"
            for split, decided in by_split.items():
                assert values[name, split, "micro_f1"] == micro_f1(run.truth[split], decided) > 0.6
                assert ((name, split, "accuracy") in values) == (task == "single")
                if task == "single":
                    assert (decided.sum(axis=1) == 1).all()
                compared += 1
    assert compared == 2 * (12 if task == "multi" else 4)
    learned = {key: value for key, value in values.items() if key[2].startswith(("threshold", "macro_f1@"))}
    if task == "single":
        assert not learned
        assert (tmp_path / "dbc/thresholds.csv").read_text().split() == ["label", "grain", "earn", "ship"]
    else:
        with (tmp_path / "dbc/thresholds.csv").open(newline="") as stream:
            table = {row["label"]: row for row in csv.DictReader(stream)}
        assert learned["dbc_one", "validation", "threshold"] == float(table["grain"]["one"])
        assert learned["dbc_exact", "validation", "threshold@ship"] == float(table["ship"]["exact"])
        sizes = {key[2] for key in learned if key[:2] == ("dbc_folds", "test")}
        assert sizes == {"macro_f1@25", "macro_f1@all"}  # of 30 validation documents
        for rule in ("one", "per_label", "exact", "folds", "shrunk"):
            assert learned[f"dbc_{rule}", "test", "macro_f1@all"] == values[f"dbc_{rule}", "test", "macro_f1"]
        assert len(learned) == 1 + 3 + 5 * 2
    assert values["clustering", "test", "documents@100"] == SIZES["test"]
    assert values["training", "train", "training_loss@2"] == 1.5
    assert values["training", "validation", "validation_loss@1"] == 2.25
    assert not [key for key in values if key[0] == "neighbours"]


def test_neighbours_are_mixed_with_the_model_and_their_curves_meet_the_protocols(tmp_path):
    run = Run(tmp_path, "multi")
    values = run.evaluate("classifier", "knn", "dbc", retrieval=True)
    vote, model = (np.load(tmp_path / f"{name}/test.npy") for name in ("knn", "classifier"))
    mixed = KNN["proportion"] * vote + (1 - KNN["proportion"]) * model
    np.testing.assert_array_equal(read_decisions(tmp_path / "knn")["mixed"]["test"], mixed >= 0.5)
    curve = {metric: value for (protocol, split, metric), value in values.items() if (protocol, split) == CURVES}
    assert curve["micro_f1@k=0"] == curve["micro_f1@proportion=0.0"] == values["classifier", "test", "micro_f1"]
    assert curve["micro_f1@k=5"] == curve["micro_f1@proportion=0.3"] == values["knn_mixed", "test", "micro_f1"]
    assert curve["micro_f1@proportion=1.0"] == values["knn", "test", "micro_f1"]
    assert {metric for metric in curve if "@k=" in metric} == {f"micro_f1@k={k}" for k in (0, 1, 2, 5, 10, 20, 40, 80)}


def test_embeddings_of_another_dataset_end_the_job_with_one_line(tmp_path):
    run = Run(tmp_path, "multi")
    np.save(tmp_path / "embeddings/validation.npy", np.ones((29, 6), np.float32))
    with pytest.raises(SystemExit):
        run.evaluate("classifier", "knn", "dbc")
    (line,) = (tmp_path / "evaluate.log").read_text().splitlines()
    assert "validation.npy: shape (29, 6), wanted [30 of rows" in line
    assert not (tmp_path / "dbc").exists()
