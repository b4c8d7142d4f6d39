"""CLLD's objective: two passes in one, the mix of losses, static and adaptive distances on the printed schedule."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import forward, tokenise
from pushpull.kinds import defaults
from pushpull.losses.label_distance import confusion_distances, label_distance
from pushpull.losses.supervised import cross_entropy
from pushpull.training import loop
from pushpull.training.loop import fit
from pushpull.training.registry import load
from pushpull.training.run import load_corpus

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port", "the port of call"]
LABELS = torch.nn.functional.one_hot(torch.tensor([0, 1, 0, 1, 2]), 3).float()


def objective(encoder, **changed):
    settings = defaults("label_distance") | {"loss": "cross_entropy", "task": "single", "pairs": [], "dropout": 0.0}
    torch.manual_seed(0)
    return load("label_distance")(encoder, 3, settings | changed)


def batch_of(encoder):
    return tokenise(encoder, TEXTS, 16).batch(np.arange(len(TEXTS)))


def test_the_loss_mixes_classification_and_contrast_of_both_views(tiny_encoder):
    trained, batch = objective(tiny_encoder, loss_mix=0.3, label_distance="everywhere").eval(), batch_of(tiny_encoder)
    vectors, labels = forward(tiny_encoder, batch).repeat(2, 1), LABELS.repeat(2, 1)
    classification = cross_entropy(trained.classifier.linear(vectors), labels)
    contrast = label_distance(trained.head(vectors), labels, torch.full((3, 3), 5.0))
    torch.testing.assert_close(trained(batch, LABELS), 0.3 * classification + 0.7 * contrast)


def test_a_mix_of_one_is_plain_fine_tuning(tiny_encoder):
    trained, batch = objective(tiny_encoder, loss_mix=1.0).eval(), batch_of(tiny_encoder)
    plain = load("supervised")(
        tiny_encoder, 3, defaults("supervised") | {"loss": "cross_entropy", "task": "single", "dropout": 0.0}
    ).eval()
    plain.classifier.load_state_dict(trained.classifier.state_dict())
    torch.testing.assert_close(trained(batch, LABELS), plain(batch, LABELS))
    trained(batch, LABELS).backward()
    assert all(not parameter.grad.any() for parameter in trained.head.parameters())


def test_dropout_makes_the_two_views_differ(tiny_encoder):
    seen = []
    trained = objective(tiny_encoder).train()
    trained.head.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    trained(batch_of(tiny_encoder), LABELS)
    first, second = seen[0].chunk(2)
    assert (first - second).abs().max() > 1e-3


def test_the_head_the_classifier_and_the_encoder_are_trained(tiny_encoder):
    trained = objective(tiny_encoder)
    trained(batch_of(tiny_encoder), LABELS).backward()
    reached = [name for name, parameter in trained.named_parameters() if parameter.grad is not None]
    assert {name.split(".")[0] for name in reached} == {"encoder", "classifier", "head"}
    assert trained.head[0].weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("constant", [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        ("static", [[1, 4, 1], [4, 1, 1], [1, 1, 1]]),
        ("everywhere", [[4, 4, 4], [4, 4, 4], [4, 4, 4]]),
        ("adaptive", [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
    ],
)
def test_the_first_distances(tiny_encoder, kind, expected):
    trained = objective(tiny_encoder, label_distance=kind, pairs=[(0, 1)], largest_distance=4.0)
    assert trained.distances.tolist() == expected
    assert "distances" in trained.state_dict()


def test_adaptive_distances_follow_the_confusion_from_a_fifth_of_the_epochs_on(tiny_encoder):
    trained = objective(tiny_encoder, label_distance="adaptive", epochs=50, update_every=10)
    counts = torch.tensor([[6.0, 2, 0], [3, 5, 0], [0, 1, 7]])
    target, expected = confusion_distances(counts, 5.0), torch.ones(3, 3)
    for epoch in range(1, 51):
        trained.confusion.copy_(counts)
        trained.after_epoch(epoch)
        if epoch in (10, 20, 30, 40):
            expected = expected + (1 - epoch / 50) * (target - expected)
        torch.testing.assert_close(trained.distances, expected)
    assert expected.max() > 4


@pytest.mark.parametrize("kind", ["constant", "static", "everywhere"])
def test_other_distances_stay(tiny_encoder, kind):
    trained = objective(tiny_encoder, label_distance=kind, pairs=[(0, 1)], epochs=5, update_every=1)
    before = trained.distances.clone()
    trained.confusion.copy_(torch.tensor([[0.0, 2, 0], [3, 0, 0], [0, 1, 0]]))
    for epoch in range(1, 6):
        trained.after_epoch(epoch)
    assert torch.equal(trained.distances, before)


def test_validation_counts_the_confusion_by_true_and_decided_class(tiny_encoder):
    trained, batch = objective(tiny_encoder).eval(), batch_of(tiny_encoder)
    with torch.no_grad():
        decided = trained.classifier.linear(forward(tiny_encoder, batch)).argmax(1)
        sums = trained.validation_sums(batch, LABELS)
    expected = torch.zeros(3, 3)
    for true, found in zip(LABELS.argmax(1), decided, strict=True):
        expected[true, found] += 1
    assert torch.equal(sums["confusion"], expected)
    scores = trained.validation_scores(sums, len(TEXTS))
    assert scores["validation_micro_f1"] == pytest.approx((decided == LABELS.argmax(1)).float().mean().item())
    assert torch.equal(trained.confusion, expected)


def test_the_distances_kept_with_the_best_epoch_are_those_it_was_trained_with(
    tiny_data, tiny_encoder, tmp_path, monkeypatch
):
    settings = {"epochs": 4, "update_every": 1, "batch_size": 16, "max_tokens": 8, "label_distance": "adaptive"}
    settings = defaults("label_distance") | settings | {"loss": "bce", "task": "multi", "pairs": []}
    train, validation = (load_corpus(tiny_data, split, tiny_encoder, settings) for split in ("train", "validation"))
    trained = load("label_distance")(tiny_encoder, train.labels.shape[1], settings)
    during, scores = [], iter([0.1, 0.2, 0.5, 0.3])

    def validate(*_):
        during.append(trained.distances.clone())
        trained.confusion.copy_(torch.rand(trained.confusion.shape))
        return {"validation_loss": 1.0, "validation_micro_f1": next(scores)}

    monkeypatch.setattr(loop, "validate", validate)
    kept = fit(trained, train, validation, settings, {"seed": 1}, "cpu", tmp_path)["weights"][3]
    assert not torch.equal(during[1], during[2])
    assert torch.equal(kept["distances"], during[2])
    assert not torch.equal(trained.distances, during[2])
