import numpy as np
import pytest
from pushpull.evaluation import significance
from pushpull.evaluation.metrics import macro_f1, micro_f1
from scipy import stats


def draw(documents=60, labels=5, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.random((documents, labels)) < 0.3
    truth[:, -1] = False
    return truth, truth ^ (generator.random(truth.shape) < 0.2)


@pytest.mark.parametrize("documents", [6, 7, 8, 20])
def test_resampled_scores_equal_scores_of_repeated_rows_across_chunks(documents, monkeypatch):
    monkeypatch.setattr(significance, "CHUNK", 7)
    truth, decisions = draw(documents)
    chunks = list(significance._resample_weights(documents, 9, seed=3))
    assert len(chunks) == -(-documents // 7)
    weights = np.concatenate([weight for _, weight in chunks], axis=1).astype(int)
    assert weights.sum(axis=1).tolist() == [documents] * 9
    resampled = significance.resampled_f1(truth, decisions, resamples=9, seed=3)
    for resample, weight in enumerate(weights):
        rows = np.repeat(np.arange(documents), weight)
        for name, metric in (("micro_f1", micro_f1), ("macro_f1", macro_f1)):
            expected = metric(truth[rows], decisions[rows])
            assert resampled[name][resample] == pytest.approx(expected, abs=1e-14)
    assert len(set(resampled["micro_f1"])) > 1


def test_weights_follow_the_multinomial_law_across_chunks(monkeypatch):
    monkeypatch.setattr(significance, "CHUNK", 7)
    weights = np.concatenate([weight for _, weight in significance._resample_weights(20, 20_000, 0)], axis=1)
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.03)
    np.testing.assert_allclose(weights.var(0), 1 - 1 / 20, atol=0.05)
    covariance = np.cov(weights.T)
    np.testing.assert_allclose(covariance[~np.eye(20, dtype=bool)], -1 / 20, atol=0.03)


def test_interval_of_accuracy_is_about_the_binomial_one():
    correct = np.random.default_rng(0).random(4000) < 0.7
    truth = np.stack([np.ones(4000, bool), np.zeros(4000, bool)], axis=1)
    decisions = np.stack([correct, ~correct], axis=1)
    low, high = significance.bootstrap_interval(truth, decisions, "micro_f1")
    share = correct.mean()
    half = 1.96 * np.sqrt(share * (1 - share) / 4000)
    assert low == pytest.approx(share - half, abs=0.15 * half)
    assert high == pytest.approx(share + half, abs=0.15 * half)


def test_same_seed_gives_the_same_interval_and_another_seed_another():
    truth, decisions = draw()
    first = significance.bootstrap_interval(truth, decisions, "macro_f1", seed=1)
    assert first == significance.bootstrap_interval(truth, decisions, "macro_f1", seed=1)
    assert first != significance.bootstrap_interval(truth, decisions, "macro_f1", seed=2)
    assert first[0] < macro_f1(truth, decisions) < first[1]


def test_difference_to_itself_is_exactly_zero_and_swapping_turns_the_sign():
    truth, decisions = draw()
    other = truth ^ (np.random.default_rng(5).random(truth.shape) < 0.1)
    assert significance.paired_difference(truth, decisions, decisions, "macro_f1") == (0, 0, 0)
    difference, low, high = significance.paired_difference(truth, other, decisions, "macro_f1")
    assert difference == macro_f1(truth, other) - macro_f1(truth, decisions) > 0
    assert low < difference < high
    swapped = significance.paired_difference(truth, decisions, other, "macro_f1")
    np.testing.assert_allclose(swapped, (-difference, -high, -low), atol=1e-15)


def test_pairing_makes_the_interval_narrower_than_two_separate_ones():
    truth, decisions = draw(300)
    nearly = decisions.copy()
    nearly[0] ^= True
    _, low, high = significance.paired_difference(truth, decisions, nearly, "micro_f1")
    alone = significance.bootstrap_interval(truth, decisions, "micro_f1")
    assert high - low < 0.5 * (alone[1] - alone[0])


def test_student_interval_equals_scipy_and_the_table_value():
    values = np.array([0.71, 0.73, 0.78])
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    np.testing.assert_allclose(significance.student_interval(values), expected, rtol=1e-12)
    low, high = significance.student_interval([0.0, 1.0])
    assert high - 0.5 == pytest.approx(12.7062 * np.sqrt(0.5) / np.sqrt(2), rel=1e-5)
    assert low == pytest.approx(1 - high)


def test_student_interval_of_one_value_is_nan_and_of_equal_values_the_value():
    assert np.isnan(significance.student_interval([0.7])).all()
    assert significance.student_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)
