import numpy as np
import pytest
from pushpull.evaluation import dbc, thresholds
from sklearn.metrics.pairwise import cosine_similarity


def draw(seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.standard_normal((4, 6)).astype(np.float32)
    truth = generator.random((30, 4)) < 0.4
    texts = truth @ labels + generator.standard_normal((30, 6)).astype(np.float32)
    return texts.astype(np.float32), labels, truth


@pytest.mark.parametrize("chunk", [7, 29, 30])
def test_cosines_equal_scikit_learn_across_chunks(chunk, monkeypatch):
    monkeypatch.setattr(dbc, "CHUNK", chunk)
    texts, labels, _ = draw()
    similarity = dbc.cosines(texts, labels)
    np.testing.assert_allclose(similarity, cosine_similarity(texts, labels), atol=1e-6)
    assert similarity.dtype == np.float32 and np.abs(similarity).max() > 0.5


def test_zero_vectors_have_cosine_zero_without_warning():
    texts, labels, _ = draw()
    texts[3] = labels[1] = 0
    with np.errstate(all="raise"):
        similarity = dbc.cosines(texts, labels)
    assert not similarity[3].any() and not similarity[:, 1].any()
    assert similarity[0, 0] != 0


def test_cosines_stay_within_one():
    texts, _, _ = draw()
    similarity = dbc.cosines(texts, 3 * texts)
    assert np.abs(similarity).max() <= 1
    np.testing.assert_allclose(np.diag(similarity), 1, rtol=1e-6)


def test_every_rule_decides_both_splits_with_its_validation_threshold():
    texts, labels, truth = draw()
    validation, test = np.split(dbc.cosines(texts, labels), [20])
    decisions = dbc.decide(validation, truth[:20], test)
    assert tuple(decisions) == dbc.DBC_RULES == ("fixed", "one", "per_label", "exact")
    cuts = {
        "fixed": thresholds.fixed_normalised(validation),
        "one": thresholds.one_threshold(validation, truth[:20]),
        "per_label": thresholds.per_label_grid(validation, truth[:20]),
        "exact": thresholds.exact_per_label(validation, truth[:20]),
    }
    for rule, (on_validation, on_test) in decisions.items():
        np.testing.assert_array_equal(on_validation, validation >= cuts[rule])
        np.testing.assert_array_equal(on_test, test >= cuts[rule])
        assert on_test.dtype == bool
    assert len({on_test.tobytes() for _, on_test in decisions.values()}) > 1


def test_test_similarities_do_not_change_validation_decisions():
    texts, labels, truth = draw()
    validation, test = np.split(dbc.cosines(texts, labels), [20])
    for rule, (decided, _) in dbc.decide(validation, truth[:20], test).items():
        np.testing.assert_array_equal(decided, dbc.decide(validation, truth[:20], -test)[rule][0])


def test_scores_map_cosines_to_zero_and_one():
    assert dbc.to_scores(np.array([-1, 0, 1], np.float32)).tolist() == [0, 0.5, 1]
