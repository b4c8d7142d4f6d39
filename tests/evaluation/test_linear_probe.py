import numpy as np
import pytest
import torch
from pushpull.evaluation import linear_probe
from pushpull.evaluation.linear_probe import fit_probe, predict
from sklearn.metrics import f1_score

GRID = ((1.0, 0.1), (0.1, 1.0), (0.1, 1e-4), (0.01, 0.0))


def draw(documents=23, validation=11, dimension=5, labels=3, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((documents + validation, dimension))
    scores = x @ generator.standard_normal((dimension, labels)) + generator.standard_normal(labels)
    y = (scores + generator.standard_normal(scores.shape) > 0).astype(np.uint8)
    return x[:documents], y[:documents], x[documents:], y[documents:]


def fit_alone(x, y, seed, start, rate, decay, epochs, batch_size):
    """One label, one grid point, one start, with torch's own layer, loss, optimizer and schedule."""
    layer = torch.nn.Linear(x.shape[1], 1, dtype=torch.float64)
    with torch.no_grad():
        layer.weight[0] = torch.from_numpy(linear_probe.initial_weights(x.shape[1], seed, start))
        layer.bias.zero_()
    groups = [{"params": [layer.weight], "weight_decay": decay}, {"params": [layer.bias], "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, foreach=False)
    steps = epochs * int(np.ceil(len(x) / batch_size))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for epoch in range(epochs):
        order = linear_probe.batch_order(len(x), seed, start, epoch)
        for begin in range(0, len(x), batch_size):
            rows = order[begin : begin + batch_size]
            logits = layer(torch.from_numpy(x[rows]))[:, 0]
            target = torch.from_numpy(y[rows].astype(np.float64))
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(logits, target).backward()
            optimizer.step()
            schedule.step()
    return layer.weight[0].detach().numpy(), layer.bias.item()


def test_equals_separate_fits_and_keeps_the_best_point_of_each_label():
    x, y, x_validation, y_validation = draw()
    y_validation[:, -1] = 0  # no validation positive: F1 0 at every grid point
    settings = {"epochs": 4, "batch_size": 8}  # 23 documents: the last batch has 7
    probe = fit_probe(x, y, x_validation, y_validation, seed=7, grid=GRID, starts=2, **settings)
    assert probe.weight.shape == (2, 5, 3) and probe.weight.dtype == torch.float64
    for label in range(3):
        scores, fitted = [], []
        for rate, decay in GRID:
            fits = [fit_alone(x, y[:, label], 7, start, rate, decay, **settings) for start in range(2)]
            logits = np.stack([x_validation @ weight + bias for weight, bias in fits])
            decisions = (1 / (1 + np.exp(-logits))).mean(0) > 0.5
            scores.append(f1_score(y_validation[:, label], decisions, zero_division=0))
            fitted.append(fits)
        np.testing.assert_allclose(probe.validation_f1[label], scores, rtol=1e-12)
        best = int(np.argmax(scores))  # the earliest of equals
        assert probe.grid_point[label] == best
        for start, (weight, bias) in enumerate(fitted[best]):
            np.testing.assert_allclose(probe.weight[start, :, label], weight, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(probe.bias[start, label], bias, rtol=1e-9, atol=1e-9)
    assert probe.validation_f1[:2].max() > 0.5
    assert not probe.validation_f1[2].any() and probe.grid_point[2] == 0


@pytest.mark.parametrize("point", GRID)
def test_every_grid_point_equals_separate_fits(point):
    x, y, x_validation, y_validation = draw(seed=1)
    settings = {"epochs": 3, "batch_size": 8}
    probe = fit_probe(x, y, x_validation, y_validation, seed=0, grid=(point,), starts=1, **settings)
    for label in range(3):
        weight, bias = fit_alone(x, y[:, label], 0, 0, *point, **settings)
        np.testing.assert_allclose(probe.weight[0, :, label], weight, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(probe.bias[0, label], bias, rtol=1e-9, atol=1e-9)


def test_permuting_labels_permutes_the_result():
    x, y, x_validation, y_validation = draw(labels=5)
    order = np.array([3, 0, 4, 1, 2])
    settings = {"seed": 0, "grid": GRID, "epochs": 3, "batch_size": 8}
    probe = fit_probe(x, y, x_validation, y_validation, **settings)
    permuted = fit_probe(x, y[:, order], x_validation, y_validation[:, order], **settings)
    np.testing.assert_allclose(permuted.weight, probe.weight[:, :, order], rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(permuted.grid_point, probe.grid_point[order])
    np.testing.assert_array_equal(permuted.validation_f1, probe.validation_f1[order])


def test_adding_a_label_leaves_the_others_unchanged():
    x, y, x_validation, y_validation = draw(labels=4)
    settings = {"seed": 0, "grid": GRID, "epochs": 3, "batch_size": 8}
    fewer = fit_probe(x, y[:, 1:], x_validation, y_validation[:, 1:], **settings)
    more = fit_probe(x, y, x_validation, y_validation, **settings)
    np.testing.assert_allclose(more.weight[:, :, 1:], fewer.weight, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(more.validation_f1[1:], fewer.validation_f1)


def test_constant_features_give_the_majority_decision():
    y = np.zeros((100, 3), dtype=np.uint8)
    y[:30, 0] = y[:70, 1] = y[:, 2] = 1
    x = np.ones((100, 4), dtype=np.float32)
    probe = fit_probe(x, y, x, y, seed=0, batch_size=32)
    decisions = linear_probe.decide(predict(probe, x), "multi")
    np.testing.assert_array_equal(decisions, np.tile([False, True, True], (100, 1)))


def test_separable_labels_are_learnt_in_float32():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((300, 6)).astype(np.float32)
    y = (x[:, :3] > 0.5).astype(np.uint8)
    probe = fit_probe(x[:200], y[:200], x[200:], y[200:], seed=0)
    assert probe.weight.dtype == torch.float32
    assert probe.validation_f1.max(axis=1).min() > 0.9
    assert f1_score(y[200:], predict(probe, x[200:]) > 0.5, average="micro") > 0.9


def test_chunks_do_not_change_scores_or_probabilities(monkeypatch):
    x, y, x_validation, y_validation = draw()
    settings = {"seed": 0, "grid": GRID, "epochs": 2}
    whole = fit_probe(x, y, x_validation, y_validation, **settings)
    probabilities = predict(whole, x_validation)
    monkeypatch.setattr(linear_probe, "CHUNK", 10)  # 11 documents: one more than the chunk
    chunked = fit_probe(x, y, x_validation, y_validation, **settings)
    np.testing.assert_array_equal(chunked.validation_f1, whole.validation_f1)
    np.testing.assert_allclose(predict(whole, x_validation), probabilities, rtol=1e-6)
    logits = np.einsum("nd,sdl->snl", x_validation, whole.weight.numpy()) + whole.bias.numpy()[:, None]
    np.testing.assert_allclose(probabilities, (1 / (1 + np.exp(-logits))).mean(0), rtol=1e-6)
    assert probabilities.dtype == np.float32


def test_seed_start_and_epoch_set_the_draws():
    x, y, x_validation, y_validation = draw()
    settings = {"grid": GRID, "epochs": 1}
    first, again, other = (fit_probe(x, y, x_validation, y_validation, seed=seed, **settings) for seed in (1, 1, 2))
    assert torch.equal(first.weight, again.weight) and not torch.equal(first.weight, other.weight)
    assert not torch.equal(first.weight[0], first.weight[1])
    orders = [tuple(linear_probe.batch_order(50, *key)) for key in ((0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0))]
    assert len(set(orders)) == 4 and all(sorted(order) == list(range(50)) for order in orders)
    weights = linear_probe.initial_weights(10_000, 0, 0)
    assert 0.99 < np.abs(weights).max() / np.sqrt(6 / 10_001) <= 1


def test_inputs_are_left_alone_and_may_be_read_only():
    arrays = [array.copy() for array in draw()]
    for array in arrays:
        array.setflags(write=False)
    fit_probe(*arrays, seed=0, grid=GRID, epochs=1)


def test_exactly_half_is_not_decided_and_a_single_label_is_the_most_probable():
    probabilities = np.array([[0.5, 0.4], [0.1, np.nextafter(np.float32(0.5), 1)]], dtype=np.float32)
    assert linear_probe.decide(probabilities, "multi").tolist() == [[False, False], [False, True]]
    assert linear_probe.decide(probabilities, "single").tolist() == [[True, False], [False, True]]


def test_grid_is_the_printed_one():
    assert len(linear_probe.PAPER_GRID) == 15
    assert linear_probe.PAPER_GRID[:2] == ((1.0, 1.0), (1.0, 0.1))
    assert linear_probe.PAPER_GRID[-1] == (0.01, 1e-6)


def test_the_released_grid_is_the_printed_one_without_the_smallest_rate_and_decay():
    smaller = [point for point in linear_probe.PAPER_GRID if point[0] > 0.01 and point[1] > 1e-6]
    assert list(linear_probe.RELEASED_GRID) == smaller
    assert len(smaller) == 8
    assert linear_probe.GRIDS == {"paper": linear_probe.PAPER_GRID, "released": linear_probe.RELEASED_GRID}


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("grid", ["paper", "released"])
def test_features_that_say_nothing_give_the_majority_decision_on_unseen_documents(value, grid):
    y = np.zeros((100, 4), dtype=np.uint8)
    y[:30, 0] = y[:70, 1] = y[:, 2] = 1  # of 100 documents 30, 70, all and none
    x = np.full((100, 5), value, dtype=np.float32)
    probe = fit_probe(x, y, x, y, seed=0, grid=linear_probe.GRIDS[grid], batch_size=32)
    found = linear_probe.decide(predict(probe, np.full((9, 5), value, dtype=np.float32)), "multi")
    np.testing.assert_array_equal(found, np.tile([False, True, True, False], (9, 1)))


def test_more_labels_than_documents_are_fitted_each_for_itself():
    x, y, x_validation, y_validation = draw(documents=6, validation=5, labels=40)
    settings = {"seed": 0, "grid": GRID, "epochs": 4, "batch_size": 4}
    probe = fit_probe(x, y, x_validation, y_validation, **settings)
    alone = fit_probe(x, y[:, 17:18], x_validation, y_validation[:, 17:18], **settings)
    np.testing.assert_allclose(probe.weight[:, :, 17], alone.weight[:, :, 0], rtol=1e-9, atol=1e-12)
    assert probe.validation_f1.shape == (40, 4)
    assert np.isfinite(predict(probe, x_validation)).all()


def test_a_label_seen_only_in_validation_or_only_in_training_has_its_probe_and_moves_no_other(recwarn):
    x, y, x_validation, y_validation = draw(documents=200, validation=50)
    y[:, 0] = 0
    y_validation[:, 1] = 0
    assert y_validation[:, 0].any()
    assert y[:, 1].any()
    probe = fit_probe(x, y, x_validation, y_validation, seed=0)
    alone = fit_probe(x, y[:, 2:], x_validation, y_validation[:, 2:], seed=0)
    assert np.isfinite(predict(probe, x_validation)).all()
    assert probe.grid_point[1] == 0
    assert not probe.validation_f1[1].any()
    np.testing.assert_allclose(probe.weight[:, :, 2], alone.weight[:, :, 0], rtol=1e-9, atol=1e-12)
    assert probe.validation_f1[2].max() > 0.5
    assert not recwarn.list


def test_a_single_training_document_is_enough():
    x, y, x_validation, y_validation = draw(documents=1)
    probe = fit_probe(x, y, x_validation, y_validation, seed=0, grid=GRID, epochs=2)
    assert torch.isfinite(probe.weight).all()
    assert np.isfinite(predict(probe, x_validation)).all()
