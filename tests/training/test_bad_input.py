"""Data and settings that are legal but awkward train; what cannot go on stops and says why."""

import json
import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from pushpull.encoders.encoder import tokenise
from pushpull.errors import InputError
from pushpull.kinds import defaults
from pushpull.losses import registry
from pushpull.planning.config import check
from pushpull.planning.studies import with_studies
from pushpull.training import checkpoint
from pushpull.training.batches import Corpus, epoch_order
from pushpull.training.loop import fit, validate
from pushpull.training.registry import load
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
CONFIG = with_studies(yaml.safe_load((ROOT / "config.yaml").read_text()), ROOT / "studies")
WORDS = ("grain", "harbour", "strike", "snow", "price", "island", "ferry", "north")
SMALL = {"epochs": 1, "batch_size": 4, "max_tokens": 12, "learning_rate": 1e-3, "head_learning_rate": 1e-3}
METHODS = {
    "supervised": {"loss": "asymmetric"},
    "label_wise": {"loss": "mulcon"},
    **{loss: {"loss": loss, "queue_size": 6, "prototypes": True} for loss in registry.CONTRASTIVE},
    "base": {"loss": "jaccard"},
    "distances": {"loss": "shared_labels", "similarity": "euclidean", "temperature": 10.0},
}


def settings_of(method, **changes):
    kind = method if method in ("supervised", "label_wise") else "contrastive"
    return {"kind": kind, "task": "multi", **defaults(kind), **METHODS[method], **SMALL, **changes}


def corpus_of(encoder, labels, name="document"):
    """A short text for each row of `labels`."""
    texts = [f"{WORDS[row % 8]} and {WORDS[row // 8 % 8]}" for row in range(len(labels))]
    ids = [f"{name}-{row}" for row in range(len(labels))]
    return Corpus(tokenise(encoder, texts, 12), np.asarray(labels, np.float32), ids)


def trained(encoder, labels, folder, method="msc", validation_labels=None, **changes):
    """The objective and the outcome of `fit` on documents with these label sets."""
    settings = settings_of(method, **changes)
    torch.manual_seed(0)
    train = corpus_of(encoder, labels)
    validation = corpus_of(encoder, labels if validation_labels is None else validation_labels)
    objective = load(settings["kind"])(encoder, train.labels.shape[1], settings)
    outcome = fit(objective, train, validation, settings, {"seed": 1, "settings": settings}, "cpu", folder)
    return objective, outcome


def assert_finite(objective, outcome):
    for row in outcome["history"]:
        assert all(math.isfinite(value) for value in row.values()), row
    assert all(torch.isfinite(parameter).all() for parameter in objective.parameters())


def label_sets(documents=8, labels=3):
    return np.eye(labels)[np.arange(documents) % labels]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_documents_without_labels_are_trained_on(tiny_encoder, tmp_path, method):
    labels = label_sets()
    labels[::2] = 0
    assert_finite(*trained(tiny_encoder, labels, tmp_path, method))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_corpus_without_any_label_is_trained_on_and_a_contrastive_loss_is_zero(tiny_encoder, tmp_path, method):
    objective, outcome = trained(tiny_encoder, np.zeros((8, 3)), tmp_path, method)
    assert_finite(objective, outcome)
    assert (outcome["history"][0]["training_loss"] == 0) == (method not in ("supervised", "label_wise"))


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("documents", [1, 5])
def test_a_batch_of_one_is_trained_on(tiny_encoder, tmp_path, method, documents):
    objective, outcome = trained(tiny_encoder, label_sets(documents), tmp_path, method, batch_size=1)
    assert_finite(objective, outcome)
    if method == "base":
        assert outcome["history"][0]["training_loss"] == 0, "there is nothing to compare with"


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("size", [1, 3])
def test_all_documents_with_one_label_set_are_trained_on(tiny_encoder, tmp_path, method, size):
    assert_finite(*trained(tiny_encoder, np.repeat([[1] * size + [0] * (3 - size)], 8, 0), tmp_path, method))


@pytest.mark.parametrize("method", ["supervised", "label_wise", "msc", "supcon", "base"])
def test_a_label_seen_only_in_validation_is_a_column_like_any_other(tiny_encoder, tmp_path, method):
    labels, validation = label_sets(labels=4), label_sets(labels=4)
    labels[:, 3] = 0
    assert validation[:, 3].sum() > 0
    objective, outcome = trained(tiny_encoder, labels, tmp_path, method, validation)
    assert_finite(objective, outcome)
    if method == "msc":
        assert len(objective.prototypes()) == 4
        forces = outcome["forces"][0]
        assert forces["attraction"][3] is None
        assert forces["repulsion"][3] is None
        assert None not in forces["repulsion"][:3]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_more_labels_than_documents_are_trained_on(tiny_encoder, tmp_path, method):
    labels = np.zeros((8, 50))
    labels[np.arange(8), np.arange(8) // 2] = 1
    labels[:, 20:23] = 1
    assert_finite(*trained(tiny_encoder, labels, tmp_path, method))


def test_a_queue_smaller_than_the_batch_keeps_the_newest_keys(tiny_encoder, tmp_path):
    labels = np.eye(8)
    objective, outcome = trained(tiny_encoder, labels, tmp_path, queue_size=3, batch_size=4)
    assert_finite(objective, outcome)
    keys, kept = objective.queue.filled()
    newest = labels[epoch_order(8, 1, 0)[-3:]]
    assert sorted(kept.tolist()) == sorted(newest.tolist())
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(3))


def test_a_batch_larger_than_the_corpus_is_the_corpus(tiny_encoder, tmp_path):
    objective, outcome = trained(tiny_encoder, label_sets(6), tmp_path, batch_size=32)
    assert_finite(objective, outcome)
    assert objective.queue.fill == 6


@pytest.mark.parametrize("value", [0.0, -0.1, 0])
def test_a_temperature_that_is_not_positive_is_refused_before_anything_runs(value):
    config = deepcopy(CONFIG)
    config["methods"]["msc"] = config["methods"]["msc"] | {"temperature": value}
    with pytest.raises(InputError, match=rf"methods\.msc\.temperature: {value} is less than the minimum of 0\.0001"):
        check(config)


@pytest.mark.parametrize("value", [0.0, 1.5, -0.1])
def test_a_negative_weight_outside_its_bounds_is_refused_before_anything_runs(value):
    config = deepcopy(CONFIG)
    config["methods"]["msc"] = config["methods"]["msc"] | {"negative_weight": value}
    with pytest.raises(InputError, match=rf"methods\.msc\.negative_weight: {value} is (less|greater) than"):
        check(config)


def test_a_queue_smaller_than_the_batch_is_allowed_in_the_configuration():
    config = deepcopy(CONFIG)
    config["methods"]["msc"] = config["methods"]["msc"] | {"queue_size": 3, "batch_size": 32}
    check(config)


def test_a_temperature_of_zero_that_got_past_the_check_stops_training(tiny_encoder, tmp_path):
    with pytest.raises(InputError, match=r"loss is nan at step 0; documents of the batch: document-\d"):
        trained(tiny_encoder, label_sets(), tmp_path, temperature=0.0)


def fit_with(encoder, folder, prepare=lambda objective: None, checkpoint_seconds=-1, **changes):
    """Train MSC for six steps in three epochs, with a checkpoint after each step."""
    settings = settings_of("msc", epochs=3, **changes)
    torch.manual_seed(0)
    train = corpus_of(encoder, label_sets())
    objective = load("contrastive")(encoder, 3, settings)
    prepare(objective)
    identity = {"seed": 1, "settings": settings}
    outcome = fit(objective, train, train, settings, identity, "cpu", folder, checkpoint_seconds)
    return objective, outcome


def test_a_loss_that_becomes_nan_names_step_and_documents_and_the_last_checkpoint_goes_on(
    tiny_encoder, tmp_path, monkeypatch
):
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    expected, outcome = fit_with(deepcopy(tiny_encoder), tmp_path / "whole")

    def start_then_break(writer, objective, optimizer, kept, progress):
        start(writer, objective, optimizer, kept, progress)
        if progress["step"] == 3:
            with torch.no_grad():
                objective.head.output.weight[0, 0] = float("nan")

    start = checkpoint.Writer.start
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Writer, "start", start_then_break)
        with pytest.raises(InputError) as caught:
            fit_with(deepcopy(tiny_encoder), tmp_path / "broken")
    documents = [f"document-{row}" for row in epoch_order(8, 1, 1)[4:]]
    assert f"the loss is nan at step 3; documents of the batch: {', '.join(documents)}" in str(caught.value)
    newest = max((tmp_path / "broken").glob("step-*.json"))
    assert json.loads(newest.read_text())["step"] == 3
    found, again = fit_with(deepcopy(tiny_encoder), tmp_path / "broken")
    assert again["history"] == outcome["history"]
    for name, tensor in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name


def test_a_gradient_that_is_not_finite_stops_before_it_reaches_weights_or_checkpoints(tiny_encoder, tmp_path):
    steps, trained = iter(range(6)), []

    def break_last(objective):
        """From the fourth step on the loss stays finite, its gradient does not."""
        trained.append(objective)
        objective.head.output.bias.register_hook(lambda gradient: gradient / (0 if next(steps) >= 3 else 1))

    with pytest.raises(InputError, match=r"gradient norm is (nan|inf) at step 3; documents of the batch: document-\d"):
        fit_with(tiny_encoder, tmp_path, break_last)
    assert max(tmp_path.glob("step-*.json")).stem == "step-00000003"
    for path in tmp_path.glob("*.safetensors"):
        for name, tensor in load_file(path).items():
            assert torch.isfinite(tensor.double()).all(), f"{path.name}: {name}"
    saved = load_file(tmp_path / "step-00000003.safetensors")
    for name, weights in trained[0].named_parameters():
        if not name.startswith("momentum"):
            assert torch.equal(weights, saved[f"objective.{name}"]), name


def test_a_bad_step_is_seen_while_the_next_one_runs_and_a_third_is_not_begun(tiny_encoder, tmp_path):
    seen = []

    def break_one(objective):
        bias = objective.head.output.bias
        bias.register_hook(lambda gradient: seen.append(0) or gradient / (0 if len(seen) == 4 else 1))

    with pytest.raises(
        InputError, match=r"gradient norm is (nan|inf) at step 3; documents of the batch: document-\d\n"
    ):
        fit_with(tiny_encoder, tmp_path, break_one, None, batch_size=1)
    assert len(seen) == 5


def test_a_disk_that_fills_up_ends_training_at_the_last_whole_checkpoint(
    tiny_encoder, tmp_path, small_disk, monkeypatch
):
    disk, start = small_disk(160 << 20), checkpoint.Writer.start

    def start_on_a_full_disk(writer, objective, optimizer, kept, progress):
        if progress["step"] == 4:
            writer.wait()
            with pytest.raises(OSError), (disk / "other").open("wb") as stream:
                while True:
                    stream.write(bytes(1 << 20))
        start(writer, objective, optimizer, kept, progress)

    (tmp_path / "whole").mkdir()
    expected, outcome = fit_with(deepcopy(tiny_encoder), tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Writer, "start", start_on_a_full_disk)
        said = rf"cannot be written to {disk} \(step-00000003 is whole, .*\): .*No space left on device"
        with pytest.raises(OSError, match=said) as caught:
            fit_with(deepcopy(tiny_encoder), disk)
    assert "\n" not in str(caught.value)
    assert max(disk.glob("step-*.json")).stem == "step-00000003"
    (disk / "other").unlink()
    found, again = fit_with(deepcopy(tiny_encoder), disk)
    assert again["history"] == outcome["history"]
    for name, tensor in expected.state_dict().items():
        assert torch.equal(torch.as_tensor(found.state_dict()[name]), torch.as_tensor(tensor)), name


def test_validation_of_a_single_document_has_a_loss(tiny_encoder):
    settings = settings_of("msc")
    objective = load("contrastive")(tiny_encoder, 3, settings)
    found = validate(objective, corpus_of(tiny_encoder, [[1, 0, 1]]), "cpu")
    assert math.isfinite(found["validation_loss"])
    assert found["validation_loss"] != 0
