"""What a protocol may look at: grid points are chosen on validation, thresholds too, and test is only scored."""

import numpy as np
from pushpull.evaluation import scoring
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.dbc.cosines import cosines
from pushpull.evaluation.linear_probe import GRIDS, fit_probe, predict
from pushpull.evaluation.protocols import read_array, read_decisions
from pushpull.evaluation.scoring import Evaluated

SIZES = {"train": 120, "validation": 60, "test": 50}


def run_in(folder):
    """A run whose embeddings say little of the labels, so that what fits the training split best fits no other."""
    generator = np.random.default_rng(0)
    labels = {split: (generator.random((size, 3)) < 0.4).astype(np.uint8) for split, size in SIZES.items()}
    embeddings = {
        split: generator.standard_normal((size, 30)).astype(np.float32) + np.pad(labels[split], ((0, 0), (0, 27)))
        for split, size in SIZES.items()
    }
    embeddings = {split: vectors.astype(np.float32) for split, vectors in embeddings.items()}
    del labels["test"]
    return Evaluated(folder, "multi", ["a", "b", "c"], labels, embeddings)


def test_the_grid_points_of_the_linear_probes_are_chosen_on_validation(tmp_path):
    run = run_in(tmp_path)
    scoring.linear_probe(run, seed=0, grid="paper", threads=1)
    expected = {}
    for split in ("train", "validation"):
        parts = (run.embeddings["train"], run.labels["train"], run.embeddings[split], run.labels[split])
        expected[split] = predict(fit_probe(*parts, seed=0, grid=GRIDS["paper"]), run.embeddings["test"])
    assert not np.array_equal(expected["train"], expected["validation"])
    np.testing.assert_array_equal(read_array(tmp_path / "linear_probe/test.npy"), expected["validation"])


def test_thresholds_on_cosines_are_chosen_on_validation(tmp_path):
    run = run_in(tmp_path)
    (tmp_path / "dbc").mkdir()
    np.save(tmp_path / "dbc/labels.npy", np.eye(3, 30, dtype=np.float32))
    scoring.compare_with_labels(run)
    by_split = {split: cosines(vectors, np.eye(3, 30, dtype=np.float32)) for split, vectors in run.embeddings.items()}
    expected = {
        split: dbc.decide(by_split[split], run.labels[split], by_split["test"])[0]["exact"][1]
        for split in ("train", "validation")
    }
    assert not np.array_equal(expected["train"], expected["validation"])
    np.testing.assert_array_equal(read_decisions(tmp_path / "dbc")["exact"]["test"], expected["validation"])
