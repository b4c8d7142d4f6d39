import csv

import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation.dbc import cosines as cosines_module
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.dbc import estimates as threshold_estimates
from pushpull.evaluation.dbc import exact as exact_thresholds
from pushpull.evaluation.dbc import thresholds
from pushpull.evaluation.dbc.cosines import cosines
from sklearn.metrics.pairwise import cosine_similarity


def draw(seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.standard_normal((4, 6)).astype(np.float32)
    truth = generator.random((30, 4)) < 0.4
    texts = truth @ labels + generator.standard_normal((30, 6)).astype(np.float32)
    return texts.astype(np.float32), labels, truth


@pytest.mark.parametrize("chunk", [7, 29, 30])
def test_cosines_equal_scikit_learn_across_chunks(chunk, monkeypatch):
    monkeypatch.setattr(cosines_module, "CHUNK", chunk)
    texts, labels, _ = draw()
    similarity = cosines(texts, labels)
    np.testing.assert_allclose(similarity, cosine_similarity(texts, labels), atol=1e-6)
    assert similarity.dtype == np.float32 and np.abs(similarity).max() > 0.5


def test_zero_vectors_have_cosine_zero_without_warning():
    texts, labels, _ = draw()
    texts[3] = labels[1] = 0
    with np.errstate(all="raise"):
        similarity = cosines(texts, labels)
    assert not similarity[3].any() and not similarity[:, 1].any()
    assert similarity[0, 0] != 0


def test_cosines_stay_within_one():
    texts, _, _ = draw()
    similarity = cosines(texts, 3 * texts)
    assert np.abs(similarity).max() <= 1
    np.testing.assert_allclose(np.diag(similarity), 1, rtol=1e-6)


RULES = ("fixed", "one", "one_macro", "per_label", "exact", "joint", "folds", "shrunk", "exact_top1")


def test_every_rule_decides_both_splits_with_its_validation_threshold():
    texts, labels, truth = draw()
    validation, test = np.split(cosines(texts, labels), [20])
    decisions, cuts = dbc.decide(validation, truth[:20], test)
    assert tuple(decisions) == tuple(cuts) == dbc.DBC_RULES == RULES
    known = {
        "fixed": thresholds.fixed_normalised(validation),
        "one": exact_thresholds.one_threshold(validation, truth[:20]),
        "one_macro": thresholds.one_macro(validation, truth[:20]),
        "per_label": thresholds.per_label_grid(validation, truth[:20]),
        "exact": exact_thresholds.exact_per_label(validation, truth[:20]),
        "joint": thresholds.joint(validation, truth[:20]),
        "folds": threshold_estimates.folds(validation, truth[:20]),
        "shrunk": threshold_estimates.shrunk(validation, truth[:20]),
    }
    for rule, cut in known.items():
        np.testing.assert_array_equal(cuts[rule], cut)
        on_validation, on_test = decisions[rule]
        np.testing.assert_array_equal(on_validation, validation >= cut)
        np.testing.assert_array_equal(on_test, test >= cut)
        assert on_test.dtype == bool
    assert len({on_test.tobytes() for _, on_test in decisions.values()}) > 3


def test_exact_top1_gives_a_document_above_no_threshold_its_nearest_label_and_leaves_the_others():
    cos = np.array([[0.5, 0.1, 0.2], [0.1, 0.3, 0.3], [0.0, -0.2, -0.1], [0.5, 0.6, 0.9]])
    cuts = np.array([0.4, 0.5, np.inf])
    assert dbc.decide_by("exact_top1", cuts, cos).tolist() == [
        [True, False, False],
        [False, True, False],  # the first among equals
        [True, False, False],
        [True, True, False],  # its nearest label is above no threshold, but others are
    ]
    assert not dbc.decide_by("exact", cuts, cos)[1:3].any()


def test_test_similarities_do_not_change_validation_decisions_or_thresholds():
    texts, labels, truth = draw()
    validation, test = np.split(cosines(texts, labels), [20])
    decisions, cuts = dbc.decide(validation, truth[:20], test)
    others, same_cuts = dbc.decide(validation, truth[:20], -test)
    for rule in RULES:
        np.testing.assert_array_equal(decisions[rule][0], others[rule][0])
        np.testing.assert_array_equal(cuts[rule], same_cuts[rule])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_similarity_that_is_nan_is_refused_with_its_row(split):
    texts, labels, truth = draw()
    parts = dict(zip(("validation", "test"), np.split(cosines(texts, labels), [20]), strict=True))
    parts[split][7, 2] = np.nan
    with pytest.raises(InputError, match=f"{split} scores: row 7 "):
        dbc.decide(parts["validation"], truth[:20], parts["test"])


def test_thresholds_come_back_as_written_with_infinite_ones_and_names_with_commas(tmp_path):
    names = ["grain, corn", 'so "called"', "été"]
    cuts = {"one": np.full(3, 0.1 + 0.2), "exact": np.array([np.inf, -np.inf, 1 / 3])}
    dbc.write_thresholds(tmp_path / "dbc", names, cuts)
    with (tmp_path / "dbc/thresholds.csv").open(newline="", encoding="utf-8") as stream:
        header, first, *_ = csv.reader(stream)
    assert (header, first) == (["label", "one", "exact"], ["grain, corn", "0.30000000000000004", "inf"])
    back = dbc.read_thresholds(tmp_path / "dbc", names)
    assert list(back) == ["one", "exact"]
    for rule in cuts:
        np.testing.assert_array_equal(back[rule], cuts[rule])
    with pytest.raises(InputError, match=r"thresholds\.csv: its labels are not those of the dataset's card"):
        dbc.read_thresholds(tmp_path / "dbc", names[::-1])


def test_scores_map_cosines_to_zero_and_one():
    assert dbc.to_scores(np.array([-1, 0, 1], np.float32)).tolist() == [0, 0.5, 1]
