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
from safetensors.numpy import save_file

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
SIZES = {"train": 80, "validation": 30, "test": 40}


class Named(dict):
    """Snakemake's named files: by attribute, by key and, for output, by position."""

    __getattr__ = dict.__getitem__

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


class Run:
    """A dataset and a run's embeddings on disk, as the steps before evaluation leave them."""

    def __init__(self, folder, task):
        generator = np.random.default_rng(0)
        names = ["grain", "earn", "ship"]
        self.folder, self.data, self.truth = folder, folder / "data", {}
        (self.data).mkdir()
        (folder / "model").mkdir()
        labels = generator.standard_normal((3, 6)).astype(np.float32)
        for split, size in SIZES.items():
            truth = np.eye(3, dtype=bool)[generator.integers(3, size=size)]
            if task == "multi":
                truth |= generator.random(truth.shape) < 0.2
            self.truth[split] = truth
            texts = truth @ labels + 0.3 * generator.standard_normal((size, 6))
            np.save(folder / f"{split}.npy", texts.astype(np.float32))
            table = {
                "id": [str(row) for row in range(size)],
                "text": ["text"] * size,
                "labels": [[names[label] for label in np.flatnonzero(row)] for row in truth],
            }
            pq.write_table(pa.table(table), self.data / f"{split}.parquet")
        np.save(folder / "labels.npy", labels)
        layer = {"weight": 4 * labels, "bias": np.full(3, -8, np.float32)}
        save_file(layer, folder / "model" / "classifier.safetensors")
        card = {"dataset": "small", "task": task, "labels": [{"name": name, "text": name} for name in names]}
        (self.data / "card.json").write_text(json.dumps(card))

    def embeddings(self, *names):
        return {name: str(self.folder / f"{name}.npy") for name in names}

    def labels_of(self, *splits):
        files = {f"data_{split}": str(self.data / f"{split}.parquet") for split in splits}
        return {**files, "card": str(self.data / "card.json")}

    def script(self, name, inputs, outputs, **params):
        job = SimpleNamespace(
            input=Named(inputs),
            output=Named(outputs),
            params=SimpleNamespace(**params),
            log=[str(self.folder / f"{name}.log")],
            threads=1,
            resources={},
        )
        runpy.run_path(str(SCRIPTS / f"{name}.py"), init_globals={"snakemake": job})

    def protocol(self, name, inputs, **params):
        files = {file.split(".")[0]: f"{name}/{file}" for file in ("validation.npy", "test.npy", "decisions.npz")}
        self.script(name, inputs, {key: str(self.folder / file) for key, file in files.items()}, **params)
        return read_decisions(self.folder / name)


@pytest.mark.parametrize("task", ["multi", "single"])
def test_every_protocol_scores_decides_and_is_measured(tmp_path, task):
    run = Run(tmp_path, task)
    classifier_inputs = {**run.embeddings("validation", "test"), "model": str(tmp_path / "model")}
    decisions = {
        "classifier": run.protocol("classifier", classifier_inputs, task=task),
        "linear_probe": run.protocol(
            "linear_probe",
            {**run.embeddings("train", "validation", "test"), **run.labels_of("train", "validation")},
            seed=0,
            grid="paper",
        ),
        "knn": run.protocol(
            "knn",
            {
                **run.embeddings("train", "validation", "test"),
                **run.labels_of("train"),
                "base_validation": str(tmp_path / "classifier" / "validation.npy"),
                "base_test": str(tmp_path / "classifier" / "test.npy"),
            },
            k=5,
            temperature=1.0,
            proportion=0.5,
        ),
        "dbc": run.protocol("dbc", {**run.embeddings("validation", "test", "labels"), **run.labels_of("validation")}),
    }
    history = tmp_path / "history.csv"
    history.write_text("epoch,training_loss,validation_loss\n1,2.5,2.25\n2,1.5,2.0\n")
    run.script(
        "metrics",
        {
            "decisions": [str(tmp_path / protocol / "decisions.npz") for protocol in decisions],
            **run.embeddings("test"),
            **run.labels_of("validation", "test"),
            "history": str(history),
            "forces": [],
        },
        {"metrics": str(tmp_path / "metrics.csv")},
        protocols=list(decisions),
    )
    with (tmp_path / "metrics.csv").open(newline="") as stream:
        values = {tuple(row[:3]): float(row[3]) for row in list(csv.reader(stream))[1:]}
    compared = 0
    for protocol, rules in decisions.items():
        for split in ("validation", "test"):
            scores = np.load(tmp_path / protocol / f"{split}.npy", allow_pickle=False)
            assert scores.shape == (SIZES[split], 3) and scores.dtype == np.float32
            assert 0 <= scores.min() < scores.max() <= 1
        for rule, by_split in rules.items():
            name = protocol if rule == "half" else f"{protocol}_{rule}"
            for split, decided in by_split.items():
                assert values[name, split, "micro_f1"] == micro_f1(run.truth[split], decided) > 0.6
                assert ((name, split, "accuracy") in values) == (task == "single")
                if task == "single":
                    assert (decided.sum(axis=1) == 1).all()
                compared += 1
    assert compared == 2 * 7
    assert values["clustering", "test", "documents@100"] == SIZES["test"]
    assert values["training", "train", "training_loss@2"] == 1.5
    assert values["training", "validation", "validation_loss@1"] == 2.25


def test_embeddings_of_another_dataset_end_the_job_with_one_line(tmp_path):
    run = Run(tmp_path, "multi")
    np.save(tmp_path / "validation.npy", np.ones((29, 6), np.float32))
    inputs = {**run.embeddings("validation", "test", "labels"), **run.labels_of("validation")}
    with pytest.raises(SystemExit):
        run.protocol("dbc", inputs)
    (line,) = (tmp_path / "dbc.log").read_text().splitlines()
    assert "validation.npy: shape (29, 6), wanted [30 of rows" in line
    assert not (tmp_path / "dbc").exists()
