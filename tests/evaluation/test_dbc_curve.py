import numpy as np
import pytest
from pushpull.evaluation.dbc import curve as dbc_curve
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.dbc import estimates as threshold_estimates
from pushpull.evaluation.dbc import exact as exact_thresholds
from pushpull.evaluation.dbc import thresholds
from pushpull.evaluation.scoring import Evaluated, compare_with_labels
from sklearn.metrics import f1_score
from sklearn.metrics.pairwise import cosine_similarity

NAMES = ["earn", "ship", "grain"]
RULES = {
    "one": exact_thresholds.one_threshold,
    "per_label": thresholds.per_label_grid,
    "exact": exact_thresholds.exact_per_label,
    "folds": threshold_estimates.folds,
    "shrunk": threshold_estimates.shrunk,
}


def evaluated(folder, task="multi", validation=60):
    """A run whose DBC is done, and the labels of its test split."""
    generator = np.random.default_rng(0)
    labels = generator.standard_normal((3, 12)).astype(np.float32)
    truth = {split: generator.random((size, 3)) < 0.3 for split, size in (("validation", validation), ("test", 40))}
    embeddings = {
        split: (rows @ labels + generator.standard_normal((len(rows), 12))).astype(np.float32)
        for split, rows in truth.items()
    }
    (folder / "dbc").mkdir()
    np.save(folder / "dbc/labels.npy", labels)
    run = Evaluated(folder, task, NAMES, {"validation": truth["validation"].astype(np.uint8)}, embeddings)
    compare_with_labels(run)
    return run, truth["test"].astype(np.uint8), labels


def test_a_point_of_the_curve_is_the_mean_over_draws_of_thresholds_learned_anew(tmp_path):
    run, truth, labels = evaluated(tmp_path)
    rows = {(protocol, metric): value for protocol, _, metric, value in dbc_curve.curve_rows(run, truth)}
    assert {split for _, split, _, _ in dbc_curve.curve_rows(run, truth)} == {"test"}
    wanted = {f"macro_f1@{size}" for size in (25, 50, "all")}
    assert set(rows) == {(f"dbc_{rule}", metric) for rule in RULES for metric in wanted}
    validation, test = (cosine_similarity(run.embeddings[split], labels) for split in ("validation", "test"))
    for rule, learn in RULES.items():
        for size in (25, 50):
            scores = []
            for draw in range(5):
                chosen = np.random.default_rng(draw).permutation(60)[:size]
                assert len(set(chosen)) == size
                cuts = learn(validation[chosen], run.labels["validation"][chosen])
                scores.append(f1_score(truth, test >= cuts, average="macro", zero_division=0))
            assert rows[f"dbc_{rule}", f"macro_f1@{size}"] == pytest.approx(np.mean(scores), abs=1e-9)
            assert np.std(scores) > 0
        decided = test >= learn(validation, run.labels["validation"])
        assert rows[f"dbc_{rule}", "macro_f1@all"] == pytest.approx(f1_score(truth, decided, average="macro"), abs=1e-9)


@pytest.mark.parametrize(
    ("documents", "points"), [(24, {"all"}), (25, {"25", "all"}), (200, {"25", "50", "100", "200", "all"})]
)
def test_there_is_no_point_for_more_documents_than_validation_has(tmp_path, documents, points):
    run, truth, _ = evaluated(tmp_path, validation=documents)
    assert {row[2].partition("@")[2] for row in dbc_curve.curve_rows(run, truth)} == points


def test_with_all_documents_drawn_every_draw_is_the_whole_split(tmp_path):
    run, truth, _ = evaluated(tmp_path, validation=25)
    values = {row[0::2][:2]: row[3] for row in dbc_curve.curve_rows(run, truth) if row[0] != "dbc_folds"}
    for rule in set(RULES) - {"folds"}:  # whose folds follow the order
        assert values[f"dbc_{rule}", "macro_f1@25"] == pytest.approx(values[f"dbc_{rule}", "macro_f1@all"])


def test_thresholds_are_rows_but_for_infinite_ones(tmp_path):
    run, _, _ = evaluated(tmp_path)
    cuts = dbc.read_thresholds(tmp_path / "dbc", NAMES)
    rows = list(dbc_curve.threshold_rows(run))
    assert rows == [
        ("dbc_one", "validation", "threshold", cuts["one"][2]),
        *(
            ("dbc_exact", "validation", f"threshold@{name}", cut)
            for name, cut in zip(NAMES, cuts["exact"], strict=True)
        ),
    ]
    assert all(type(row[3]) is float for row in rows)
    cuts["one"][:] = np.inf
    cuts["exact"][1:] = -np.inf, np.inf
    dbc.write_thresholds(tmp_path / "dbc", NAMES, cuts)
    assert list(dbc_curve.threshold_rows(run)) == rows[1:2]


def test_a_single_label_run_has_neither_thresholds_nor_a_curve(tmp_path):
    run, truth, _ = evaluated(tmp_path, "single")
    assert dbc.read_thresholds(tmp_path / "dbc", NAMES) == {}
    assert [*dbc_curve.threshold_rows(run), *dbc_curve.curve_rows(run, truth)] == []


def test_a_label_without_validation_positives_shows_no_threshold_of_its_own(tmp_path):
    run, _, _ = evaluated(tmp_path)
    run.labels["validation"][:, 1] = 0
    compare_with_labels(run)
    shown = {row[2] for row in dbc_curve.threshold_rows(run)}
    assert "threshold@ship" not in shown
    assert {"threshold", "threshold@earn", "threshold@grain"} <= shown
