"""The schedule and order are the functions they are said to be; training learns, stops at NaN, keeps the best."""

import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import tokenise
from pushpull.errors import InputError
from pushpull.kinds import defaults
from pushpull.training import loop
from pushpull.training.batches import Corpus, epoch_order
from pushpull.training.loop import best_epochs, fit, validate
from pushpull.training.optimiser import learning_rate_factor
from pushpull.training.registry import load
from pushpull.training.run import first_documents, load_corpus
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

LINEAR = {"warmup": 0.1, "schedule": "linear"}
COSINE = {"warmup": 0.1, "schedule": "cosine"}


def test_warm_up_rises_to_the_peak_then_falls_to_zero():
    linear = [learning_rate_factor(step, 100, LINEAR) for step in range(100)]
    assert linear[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert linear[10:] == pytest.approx([1 - step / 90 for step in range(90)])
    cosine = [learning_rate_factor(step, 100, COSINE) for step in range(100)]
    assert cosine[10:] == pytest.approx([(1 + math.cos(math.pi * step / 90)) / 2 for step in range(90)])


def test_a_run_of_one_step_has_a_rate():
    assert learning_rate_factor(0, 1, LINEAR) == 1.0


def test_best_epochs_follow_the_printed_rules_and_the_earlier_wins_a_tie():
    losses = [(3.0, 2.0), (2.0, 1.0), (2.0, 1.5)]
    history = [{"epoch": i + 1, "training_loss": a, "validation_loss": b} for i, (a, b) in enumerate(losses)]
    assert best_epochs(history) == {"last": 3, "lowest_training_loss": 2, "lowest_validation_loss": 2}
    scored = [row | {"validation_micro_f1": score} for row, score in zip(history, [0.1, 0.3, 0.3], strict=True)]
    assert best_epochs(scored) == {"highest_validation_micro_f1": 2}


class Recorder(nn.Module):
    """Remembers the sizes of the validation batches that it is given."""

    def __init__(self, compares_documents: bool) -> None:
        super().__init__()
        self.compares_documents = compares_documents
        self.sizes: list[int] = []

    def validation_sums(self, batch, labels):
        self.sizes.append(len(labels))
        return {"loss": torch.tensor(2.0 * len(labels))}

    def validation_scores(self, sums, documents):
        return {"validation_loss": sums["loss"].item() / documents}


@pytest.mark.parametrize(
    ("documents", "compares", "sizes"), [(513, True, [256, 256]), (513, False, [256, 256, 1]), (40, True, [40])]
)
def test_validation_skips_an_incomplete_batch_where_documents_are_compared(tiny_encoder, documents, compares, sizes):
    tokens = tokenise(tiny_encoder, ["grain"] * documents, 8)
    recorder = Recorder(compares)
    found = validate(recorder, Corpus(tokens, np.ones((documents, 2), np.float32), ["x"] * documents), "cpu")
    assert recorder.sizes == sizes
    assert found["validation_loss"] == 2.0


def run_identity(settings):
    return {"seed": 1, "settings": settings}


@pytest.mark.parametrize("loss", ["jaccard", "msc"])
def test_contrastive_training_lowers_its_loss(tiny_data, tiny_encoder, contrastive_settings, tmp_path, loss):
    settings = contrastive_settings | {"loss": loss, "epochs": 6, "learning_rate": 3e-3}
    torch.manual_seed(0)
    train, validation = (load_corpus(tiny_data, split, tiny_encoder, settings) for split in ("train", "validation"))
    objective = load("contrastive")(tiny_encoder, train.labels.shape[1], settings)
    history = fit(objective, train, validation, settings, run_identity(settings), "cpu", tmp_path)["history"]
    assert len(history) == 6
    assert history[-1]["training_loss"] < history[1]["training_loss"] - 0.05


def first_gradient_norm(data, encoder, folder, scale):
    """The norm that the optimiser sees at the first step, the loss being multiplied by `scale`."""
    settings = defaults("supervised") | {
        "task": "multi",
        "loss": "bce",
        "epochs": 1,
        "batch_size": 16,
        "max_tokens": 16,
    }
    train, validation = (load_corpus(data, split, encoder, settings) for split in ("train", "validation"))
    torch.manual_seed(0)
    objective, norms = load("supervised")(encoder, train.labels.shape[1], settings), []
    plain, objective.loss = objective.loss, lambda logits, labels: scale * plain(logits, labels)

    def look(optimizer, *_):
        gradients = [
            p.grad.flatten() for group in optimizer.param_groups for p in group["params"] if p.grad is not None
        ]
        norms.append(torch.cat(gradients).double().norm().item())

    handle = register_optimizer_step_pre_hook(look)
    try:
        fit(objective, train, validation, settings, run_identity(settings), "cpu", folder)
    finally:
        handle.remove()
    return norms[0]


@pytest.mark.parametrize("norm", [0.5, 0.99, 1.01, 1.9, 100.0])
def test_gradients_are_clipped_at_a_norm_of_one_and_smaller_ones_left_alone(tiny_data, tiny_encoder, tmp_path, norm):
    whole = first_gradient_norm(tiny_data, deepcopy(tiny_encoder), tmp_path, 1e-3) / 1e-3
    found = first_gradient_norm(tiny_data, deepcopy(tiny_encoder), tmp_path, norm / whole)
    assert found == pytest.approx(min(1.0, norm), rel=1e-3)


def test_only_the_weights_of_the_best_epochs_are_kept(tiny_data, tiny_encoder, contrastive_settings, tmp_path):
    settings = contrastive_settings | {"epochs": 4}
    train, validation = (load_corpus(tiny_data, split, tiny_encoder, settings) for split in ("train", "validation"))
    objective = load("contrastive")(tiny_encoder, train.labels.shape[1], settings)
    outcome = fit(objective, train, validation, settings, run_identity(settings), "cpu", tmp_path)
    assert outcome["weights"].keys() == set(outcome["best"].values())
    last = outcome["weights"][4]
    assert {name.partition(".")[0] for name in last} == {"encoder"}
    assert all(torch.equal(last[name], tensor) for name, tensor in objective.state_dict().items() if name in last)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_not_finite_stops_and_names_the_documents(
    tiny_data, tiny_encoder, contrastive_settings, tmp_path
):
    train, validation = (
        load_corpus(tiny_data, split, tiny_encoder, contrastive_settings) for split in ("train", "validation")
    )
    objective = load("contrastive")(tiny_encoder, train.labels.shape[1], contrastive_settings)
    with torch.no_grad():
        objective.head.output.weight.fill_(float("nan"))
    first = train.ids[epoch_order(len(train.ids), 1, 0)[0]]
    with pytest.raises(InputError, match=f"(?s)loss is nan at step 0.*{first}.*learning_rate"):
        fit(objective, train, validation, contrastive_settings, run_identity(contrastive_settings), "cpu", tmp_path)


def test_fewer_documents_are_a_fixed_part_with_their_own_texts_and_labels(
    tiny_data, tiny_encoder, contrastive_settings
):
    whole = load_corpus(tiny_data, "train", tiny_encoder, contrastive_settings)
    part = first_documents(whole, 7)
    assert part.ids == first_documents(whole, 7).ids
    assert len(set(part.ids)) == 7
    for row, name in enumerate(part.ids):
        origin = whole.ids.index(name)
        assert np.array_equal(part.labels[row], whole.labels[origin])
        ours, theirs = part.tokens.batch(np.array([row])), whole.tokens.batch(np.array([origin]))
        assert torch.equal(ours["input_ids"], theirs["input_ids"])
    assert first_documents(whole, None) is whole


@pytest.mark.parametrize(("patience", "epochs"), [(None, 6), (1, 4), (2, 5), (3, 6)])
def test_training_ends_when_validation_has_not_risen_for_so_many_epochs(
    tiny_data, tiny_encoder, tmp_path, monkeypatch, patience, epochs
):
    settings = defaults("supervised") | {"task": "multi", "loss": "bce", "epochs": 6, "batch_size": 32, "max_tokens": 8}
    settings |= {"patience": patience, "schedule": "constant", "warmup": 0.0}
    train, validation = (load_corpus(tiny_data, split, tiny_encoder, settings) for split in ("train", "validation"))
    objective = load("supervised")(tiny_encoder, train.labels.shape[1], settings)
    shown = iter([0.1, 0.3, 0.5, 0.4, 0.45, 0.6])
    monkeypatch.setattr(loop, "validate", lambda *_: {"validation_loss": 1.0, "validation_micro_f1": next(shown)})
    outcome = fit(objective, train, validation, settings, run_identity(settings), "cpu", tmp_path)
    assert len(outcome["history"]) == epochs
    assert outcome["best"] == {"highest_validation_micro_f1": 6 if epochs == 6 else 3}


def test_a_constant_schedule_keeps_the_peak_after_warm_up():
    settings = {"warmup": 0.2, "schedule": "constant"}
    assert [learning_rate_factor(step, 10, settings) for step in (0, 1, 2, 5, 9)] == [0.5, 1.0, 1.0, 1.0, 1.0]
