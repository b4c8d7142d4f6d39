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


def test_a_paired_change_by_hand():
    # One pair: the mean is its value. Eight of nine resamples above 0: p = 2 (1 + 1) / (9 + 1).
    values = np.array([[-1.0, 1, 2, 3, 4, 5, 6, 7, 8]])
    change = significance.paired_change(np.array([4.0]), values)
    assert (change.difference, change.p) == (4.0, 0.4)
    assert (change.low, change.high) == pytest.approx((-1 + 2 * 0.2, 8 - 0.2))
    flipped = significance.paired_change(np.array([-4.0]), -values)
    assert flipped == pytest.approx((-4.0, -change.high, -change.low, 0.4))


def test_the_least_p_depends_on_the_number_of_resamples():
    for resamples in (9, 999):
        change = significance.paired_change(np.array([1.0]), np.ones((1, resamples)))
        assert change.p == pytest.approx(2 / (resamples + 1))
    # A resample at 0 is on both sides.
    assert significance.paired_change(np.zeros(3), np.zeros((3, 99))) == (0, 0, 0, 1)


def test_pairs_of_runs_are_drawn_with_replacement_in_every_resample():
    # Two pairs that never change: the mean is -1, 1 or 3 with probability 1/4, 1/2, 1/4.
    change = significance.paired_change(np.array([-1.0, 3.0]), np.repeat([[-1.0], [3.0]], 4000, axis=1))
    assert (change.difference, change.low, change.high) == (1.0, -1.0, 3.0)
    assert change.p == pytest.approx(2 * 0.25, abs=0.05)
    # Three pairs: all from the lowest in 1 of 27 resamples, within the outer 2.5 % only if it had less than 1 of 40.
    three = significance.paired_change(np.array([0.0, 1.0, 2.0]), np.repeat([[0.0], [1.0], [2.0]], 4000, axis=1))
    assert (three.low, three.high) == (0.0, 2.0)


def test_the_seeds_are_drawn_apart_from_the_documents():
    # Documents and pairs as independent sources of spread: their variances add up.
    generator = np.random.default_rng(0)
    documents = generator.standard_normal(20_000)
    change = significance.paired_change(np.array([0.0, 2.0]), np.array([[0.0], [2.0]]) + documents)
    drawn = np.random.default_rng([0, 1]).multinomial(2, [0.5, 0.5], size=20_000) @ np.array([0.0, 2.0]) / 2
    assert np.quantile(drawn + documents, 0.025) == pytest.approx(change.low)
    half = stats.norm.ppf(0.975)
    assert change.low < 1 - half - 0.2
    assert change.high > 1 + half + 0.2


def test_the_interval_holds_the_true_difference_as_often_as_it_says():
    # Two systems of equal quality, 30 samples of 200 documents: 0 is left out about once in twenty.
    generator = np.random.default_rng(0)
    left_out = 0
    for _ in range(60):
        truth = generator.random((200, 4)) < 0.4
        systems = [truth ^ (generator.random(truth.shape) < 0.2) for _ in range(2)]
        points = [micro_f1(truth, decisions) for decisions in systems]
        resampled = [significance.resampled_f1(truth, decisions, 200)["micro_f1"] for decisions in systems]
        change = significance.paired_change(np.array([points[1] - points[0]]), (resampled[1] - resampled[0])[None])
        left_out += change.low > 0 or change.high < 0
    assert 0 < left_out <= 8
