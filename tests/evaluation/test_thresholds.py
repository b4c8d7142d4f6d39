from itertools import product
from time import process_time

import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation.dbc import exact as exact_thresholds
from pushpull.evaluation.dbc import thresholds
from pushpull.evaluation.metrics import f1_per_label, macro_f1, micro_f1

LEARNED = (
    exact_thresholds.one_threshold,
    thresholds.one_macro,
    thresholds.per_label_grid,
    exact_thresholds.exact_per_label,
    thresholds.joint,
)


def draw(documents=40, labels=6, seed=0, ties=True):
    generator = np.random.default_rng(seed)
    truth = generator.random((documents, labels)) < 0.3
    scores = np.clip(0.3 * truth + 0.4 * generator.standard_normal(truth.shape), -1, 1)
    return (np.round(scores, 1) if ties else scores).astype(np.float32), truth


def every_cut(scores):
    """All thresholds that differ in what they decide, smallest first."""
    values = np.unique(scores).astype(np.float64)
    return np.concatenate([[-np.inf], (values[:-1] + values[1:]) / 2, [np.inf]])


def best_cut(scores, truth, metric):
    cuts = every_cut(scores)
    results = [metric(truth, scores >= cut) for cut in cuts]
    return cuts[int(np.argmax(results))], max(results)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_exact_thresholds_equal_brute_force(seed, ties):
    scores, truth = draw(seed=seed, ties=ties)
    cuts = exact_thresholds.exact_per_label(scores, truth)
    for label in range(truth.shape[1]):
        column = slice(label, label + 1)
        cut, best = best_cut(scores[:, column], truth[:, column], micro_f1)
        assert best > 0
        assert cuts[label] == pytest.approx(cut, abs=1e-15)
        assert f1_per_label(truth, scores >= cuts)[label] == best


@pytest.mark.parametrize("ties", [True, False])
def test_one_threshold_equals_brute_force(ties):
    scores, truth = draw(ties=ties)
    cut, best = best_cut(scores, truth, micro_f1)
    cuts = exact_thresholds.one_threshold(scores, truth)
    np.testing.assert_allclose(cuts, np.full(6, cut), atol=1e-15)
    assert micro_f1(truth, scores >= cuts) == best > 0


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_one_macro_threshold_equals_brute_force(seed, ties):
    scores, truth = draw(documents=25, seed=seed, ties=ties)
    truth[:, 1] = False  # counts 0 in the mean, whatever is decided
    cut, best = best_cut(scores, truth, macro_f1)
    cuts = thresholds.one_macro(scores, truth)
    np.testing.assert_allclose(cuts, np.full(6, cut), atol=1e-15)
    assert macro_f1(truth, scores >= cuts) == pytest.approx(best, abs=1e-12)
    assert best > 0


def test_the_one_threshold_of_macro_and_of_micro_f1_differ_where_a_rare_label_has_the_lower_scores():
    scores = np.array([[0.9, 0.1], [0.8, 0.1], [0.7, 0.1], [0.5, 0.1], [0.5, 0.1], [0.3, 0.2]])
    truth = np.array([[1, 0], [1, 0], [1, 0], [0, 0], [0, 0], [0, 1]])
    # Micro: 3 of 4 found and nothing wrong, 6/7. Macro down to 0.2: 6/9 and 2/2, their mean is 5/6; at 0.6 it is 1/2.
    assert exact_thresholds.one_threshold(scores, truth) == pytest.approx([0.6, 0.6])
    assert thresholds.one_macro(scores, truth) == pytest.approx([0.15, 0.15])


def every_combination(scores, truth):
    """Best micro-F1 over the cuts of all labels, and the smallest thresholds that reach it."""
    combinations = np.array(list(product(*(every_cut(column) for column in scores.T))))
    results = np.array([micro_f1(truth, scores >= cuts) for cuts in combinations])
    return results.max(), combinations[results == results.max()].min(axis=0)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_joint_thresholds_equal_brute_force_over_all_combinations(seed, ties):
    scores, truth = draw(documents=10, labels=3, seed=seed, ties=ties)
    truth[seed % 10] = True
    best, cuts = every_combination(scores, truth)
    found = thresholds.joint(scores, truth)
    assert micro_f1(truth, scores >= found) == best
    np.testing.assert_allclose(found, cuts, atol=1e-15)


def test_joint_leaves_out_a_label_whose_decisions_cost_more_than_they_bring():
    scores = np.array([[0.9, 0.6], [0.8, 0.5], [0.7, 0.4], [0.2, 0.3], [0.1, 0.1]])
    truth = np.array([[1, 0], [1, 0], [1, 0], [0, 0], [0, 1]])
    found = thresholds.joint(scores, truth)  # the second label would bring 1 right and 4 wrong
    assert found == pytest.approx([0.45, np.inf])
    assert micro_f1(truth, scores >= found) == 6 / 7
    assert exact_thresholds.exact_per_label(scores, truth)[1] == -np.inf


def test_joint_is_the_best_micro_f1_of_all_rules_where_a_label_has_no_positive_too():
    for seed in range(20):
        scores, truth = draw(documents=25, seed=seed, ties=seed % 2)
        truth[:, seed % 6] &= bool(seed % 3)
        scored = [micro_f1(truth, scores >= rule(scores, truth)) for rule in LEARNED]
        assert scored[-1] >= max(scored) > 0


@pytest.mark.parametrize("ties", [True, False])
def test_grid_thresholds_equal_brute_force_with_the_smallest_of_equals(ties):
    scores, truth = draw(ties=ties)
    grid = [step / 100 for step in range(101)]
    cuts = thresholds.per_label_grid(scores, truth)
    for label in range(truth.shape[1]):
        column = slice(label, label + 1)
        results = [micro_f1(truth[:, column], scores[:, column] >= np.array([cut])) for cut in grid]
        assert cuts[label] == grid[int(np.argmax(results))]
    assert len(set(cuts)) > 1


def test_scores_on_a_grid_point_are_decided_as_by_the_comparison():
    scores = (np.arange(101) / 100)[:, None]
    truth = scores >= 0.29
    assert thresholds.per_label_grid(scores, truth).tolist() == [0.29]
    scores32 = scores.astype(np.float32)
    cut = thresholds.per_label_grid(scores32, truth)
    expected = [micro_f1(truth, scores32 >= np.array([step / 100])) for step in range(101)]
    assert micro_f1(truth, scores32 >= cut) == max(expected)


def test_similarities_below_zero_are_out_of_the_reach_of_the_grid():
    scores = np.array([[-0.5], [-0.4], [0.1]])
    truth = np.array([[True], [True], [False]])
    assert thresholds.per_label_grid(scores, truth).tolist() == [0]
    assert exact_thresholds.exact_per_label(scores, truth).tolist() == [-np.inf]  # F1 0.8: everything


def test_fixed_threshold_is_half_after_normalisation_over_all_scores():
    scores = np.array([[-0.5, 0.0], [0.25, 1.0]], dtype=np.float32)
    cuts = thresholds.fixed_normalised(scores)
    normalised = (scores - scores.min()) / (scores.max() - scores.min())
    assert cuts.tolist() == [0.25, 0.25]
    np.testing.assert_array_equal(scores >= cuts, normalised >= 0.5)


def test_equal_scores_are_all_decided_or_none():
    scores = np.full((4, 3), 0.3)
    truth = np.array([[1, 1, 0]] + 3 * [[1, 0, 0]], dtype=np.uint8)
    assert (scores >= thresholds.fixed_normalised(scores)).all()
    assert exact_thresholds.one_threshold(scores, truth).tolist() == [-np.inf] * 3
    assert exact_thresholds.exact_per_label(scores, truth).tolist() == [-np.inf] * 3
    assert thresholds.per_label_grid(scores, truth).tolist() == [0, 0, -np.inf]


def test_one_document_and_the_last_label():
    scores, truth = np.array([[0.2, 0.6]]), np.array([[0, 1]])
    assert exact_thresholds.one_threshold(scores, truth).tolist() == [0.4, 0.4]
    # The last label has a positive and is always decided; the first falls back to the one threshold.
    assert exact_thresholds.exact_per_label(scores, truth).tolist() == [0.4, -np.inf]
    assert thresholds.per_label_grid(scores, truth).tolist() == [0.4, 0]


def test_label_without_validation_positive_falls_back_to_the_one_threshold():
    scores, truth = draw()
    truth[:, 2] = False
    one = exact_thresholds.one_threshold(scores, truth)[0]
    assert np.isfinite(one)
    assert exact_thresholds.exact_per_label(scores, truth)[2] == one
    assert thresholds.per_label_grid(scores, truth)[2] == one
    joint = thresholds.joint(scores, truth)
    assert joint[2] == one
    # Given that one, no other cut of any label is better.
    best = micro_f1(truth, scores >= joint)
    for label in (0, 1, 3, 4, 5):
        tried = [np.where(np.arange(6) == label, cut, joint) for cut in every_cut(scores[:, label])]
        assert max(micro_f1(truth, scores >= cuts) for cuts in tried) == best


def test_without_any_positive_nothing_is_decided():
    scores, truth = draw()
    nothing = np.zeros_like(truth)
    for rule in LEARNED:
        assert rule(scores, nothing).tolist() == [np.inf] * 6


def test_cut_between_neighbouring_floats_separates_them():
    low = 0.3
    high = np.nextafter(low, 1)
    scores, truth = np.array([[low], [high]]), np.array([[False], [True]])
    for rule in (
        exact_thresholds.exact_per_label,
        exact_thresholds.one_threshold,
        thresholds.one_macro,
        thresholds.joint,
    ):
        assert low < rule(scores, truth)[0] <= high


@pytest.mark.parametrize("seed", range(20))
def test_exact_per_label_is_never_below_one_threshold_or_grid_on_validation_macro_f1(seed):
    scores, truth = draw(seed=seed, ties=seed % 2)
    truth[:, 0] = False
    exact, one, grid = (
        macro_f1(truth, scores >= rule(scores, truth))
        for rule in (exact_thresholds.exact_per_label, exact_thresholds.one_threshold, thresholds.per_label_grid)
    )
    assert exact >= max(one, grid) > 0


def test_documents_without_a_label_count_as_wrong_where_they_are_decided():
    scores, truth = draw(documents=25)
    empty = np.vstack([truth, np.zeros((25, 6), bool)])
    higher = np.vstack(
        [scores, np.full((25, 6), 2.0)]
    )  # above all others: to reach a positive, all of them are decided
    for rule in (exact_thresholds.one_threshold, exact_thresholds.exact_per_label, thresholds.joint):
        decided = higher >= rule(higher, empty)
        assert decided[:25].any()
        assert decided[25:, decided[:25].any(axis=0)].all()
        assert micro_f1(empty, decided) < micro_f1(truth, scores >= rule(scores, truth))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused_with_their_row(bad):
    scores, truth = draw(documents=25)
    scores[17, 3] = bad
    for rule in (lambda scores, _: thresholds.fixed_normalised(scores), *LEARNED):
        with pytest.raises(InputError, match="validation scores: row 17 "):
            rule(scores, truth)


def test_thresholds_are_float64_of_one_per_label_for_integer_and_bool_labels():
    scores, truth = draw()
    for rule in LEARNED:
        cuts = rule(scores, truth)
        assert cuts.dtype == np.float64 and cuts.shape == (6,)
        np.testing.assert_array_equal(rule(scores, truth.astype(np.uint8)), cuts)


def test_exact_thresholds_of_20000_documents_and_100_labels_take_less_than_a_second():
    scores, truth = draw(documents=20_000, labels=100, ties=False)
    began = process_time()
    cuts = exact_thresholds.exact_per_label(scores, truth)
    assert process_time() - began < 1
    assert np.isfinite(cuts).all()
