import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation.dbc import estimates
from pushpull.evaluation.dbc.exact import exact_per_label, one_threshold
from sklearn.metrics import f1_score


def draw(documents=25, labels=4, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.random((documents, labels)) < 0.4
    return (0.3 * truth + 0.4 * generator.standard_normal(truth.shape)).astype(np.float32), truth


def best_cut(scores, truth):
    """The threshold of one label with the best F1, by trying all; for that of all documents, the lowest score."""
    values = np.unique(scores).astype(np.float64)
    cuts = [scores.min(), *(values[:-1] + values[1:]) / 2]
    return cuts[int(np.argmax([f1_score(truth, scores >= cut) for cut in cuts]))]


@pytest.mark.parametrize("documents", [25, 23, 3, 1])
def test_folds_is_the_mean_of_the_best_thresholds_without_each_fold(documents):
    scores, truth = draw(documents)
    truth[0], truth[:, 1] = True, np.arange(documents) == documents - 1  # in all folds but one: it has no say there
    fold = np.random.default_rng(estimates.SEED).permutation(documents) % 5
    expected = []
    for label in range(4):
        found = []
        for left_out in range(5):
            rows = [row for row in range(documents) if fold[row] != left_out]
            if rows and truth[rows, label].any():
                own = scores[rows, label]
                cut = best_cut(own, truth[rows, label])
                found.append(scores[:, label].min() if cut == own.min() else cut)
        assert label != 1 or len(found) == 4
        expected.append(np.mean(found))
    np.testing.assert_allclose(estimates.folds(scores, truth), expected, atol=1e-7)
    assert len(set(expected)) == 4


def test_shrunk_weighs_a_labels_own_threshold_by_its_positives():
    scores, truth = draw(60)
    truth[:, 0] = np.arange(60) == np.argmax(scores[:, 0])  # one positive: 1 / 11 of its own
    truth[:, 1] = scores[:, 1] >= np.sort(scores[:, 1])[-10]  # ten: midway
    own, one = exact_per_label(scores, truth), one_threshold(scores, truth)[0]
    assert own[0] != one != own[1]
    found = estimates.shrunk(scores, truth)
    assert found[0] == pytest.approx((own[0] + 10 * one) / 11)
    assert found[1] == pytest.approx((own[1] + one) / 2)
    assert abs(found[2] - own[2]) == pytest.approx(10 / (10 + truth[:, 2].sum()) * abs(own[2] - one))


def test_a_label_that_all_documents_have_gets_a_finite_threshold_that_decides_all_of_them():
    scores, truth = draw()
    truth[:, 0] = True
    scores[:, 0] += 1
    assert exact_per_label(scores, truth)[0] == -np.inf
    lowest = scores[:, 0].min()
    assert estimates.folds(scores, truth)[0] == lowest
    one = one_threshold(scores, truth)[0]
    assert np.isfinite(one)
    assert estimates.shrunk(scores, truth)[0] == pytest.approx((25 * lowest + 10 * one) / 35)


def test_where_everything_is_true_the_lowest_scores_are_the_thresholds():
    scores, truth = draw()[0], np.ones((25, 4), bool)
    assert one_threshold(scores, truth).tolist() == [-np.inf] * 4
    for rule in (estimates.folds, estimates.shrunk):
        np.testing.assert_allclose(rule(scores, truth), scores.min(axis=0), rtol=1e-6)


@pytest.mark.parametrize("rule", [estimates.folds, estimates.shrunk])
def test_labels_without_a_positive_get_the_one_threshold_and_all_of_them_plus_infinity(rule):
    scores, truth = draw()
    truth[:, 2] = False
    found = rule(scores, truth)
    assert found[2] == one_threshold(scores, truth)[0] != found[1]
    assert np.isfinite(found).all() and found.dtype == np.float64
    assert rule(scores, np.zeros_like(truth)).tolist() == [np.inf] * 4


@pytest.mark.parametrize("rule", [estimates.folds, estimates.shrunk])
def test_a_score_that_is_nan_is_refused_with_its_row(rule):
    scores, truth = draw()
    scores[19, 1] = np.nan
    with pytest.raises(InputError, match="row 19 "):
        rule(scores, truth)


def test_folds_are_the_same_every_time_and_other_than_exact():
    scores, truth = draw()
    found = estimates.folds(scores, truth)
    np.testing.assert_array_equal(found, estimates.folds(scores.copy(), truth.astype(np.uint8)))
    assert (found != exact_per_label(scores, truth)).any()
