import numpy as np
import pytest
from pushpull.evaluation import metrics
from sklearn import metrics as sklearn_metrics


def draw(documents=200, labels=7, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.random((documents, labels)) < 0.3
    decisions = truth ^ (generator.random(truth.shape) < 0.2)
    truth[:, -1] = decisions[:, -1] = False  # the last label has a zero denominator
    decisions[:, -2] = False  # never decided
    return truth, decisions


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_scores_equal_scikit_learn(dtype):
    truth, decisions = (array.astype(dtype) for array in draw())
    expected = {
        average: sklearn_metrics.f1_score(truth, decisions, average=average, zero_division=0)
        for average in ("micro", "macro", None)
    }
    assert 0 < expected["macro"] < expected["micro"] < 1
    assert metrics.micro_f1(truth, decisions) == pytest.approx(expected["micro"], abs=1e-15)
    assert metrics.macro_f1(truth, decisions) == pytest.approx(expected["macro"], abs=1e-15)
    np.testing.assert_allclose(metrics.f1_per_label(truth, decisions), expected[None], rtol=1e-15)
    assert metrics.hamming_loss(truth, decisions) == sklearn_metrics.hamming_loss(truth, decisions)
    assert metrics.accuracy(truth, decisions) == sklearn_metrics.accuracy_score(truth, decisions)


def test_counts_by_hand():
    truth = np.array([[1, 0, 1], [1, 1, 0]])
    decisions = np.array([[1, 1, 0], [0, 1, 0]])
    tp, fp, fn = metrics.counts(truth, decisions)
    assert (tp.tolist(), fp.tolist(), fn.tolist()) == ([1, 1, 0], [0, 1, 0], [1, 0, 1])
    assert metrics.f1_per_label(truth, decisions).tolist() == [2 / 3, 2 / 3, 0]
    assert metrics.micro_f1(truth, decisions) == 4 / 7


def test_label_without_truth_or_decision_counts_zero_and_stays_in_the_mean():
    truth = np.array([[1, 0], [1, 0]])
    assert metrics.f1_per_label(truth, truth).tolist() == [1, 0]
    assert metrics.macro_f1(truth, truth) == 0.5
    assert metrics.micro_f1(truth, truth) == 1


def test_nothing_true_and_nothing_decided_scores_zero_without_warning():
    nothing = np.zeros((3, 2), dtype=bool)
    with np.errstate(all="raise"):
        assert metrics.micro_f1(nothing, nothing) == metrics.macro_f1(nothing, nothing) == 0
    assert metrics.hamming_loss(nothing, nothing) == 0


def test_hamming_loss_of_predicting_nothing_is_the_mean_share_of_labels():
    truth, _ = draw()
    assert metrics.hamming_loss(truth, np.zeros_like(truth)) == pytest.approx(truth.mean(), abs=1e-15)


def test_micro_f1_is_accuracy_with_one_label_each():
    generator = np.random.default_rng(1)
    truth, decisions = (np.eye(5, dtype=bool)[generator.integers(5, size=100)] for _ in range(2))
    assert metrics.micro_f1(truth, decisions) == metrics.accuracy(truth, decisions) > 0


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 2\)"):
        metrics.counts(np.zeros((2, 3)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="labels"):
        metrics.counts(np.zeros(3), np.zeros(3))
