"""Training on texts and label texts: both get a gradient, and the loss is that of their cosines."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import tokenise
from pushpull.kinds import defaults
from pushpull.losses import text_label
from pushpull.losses.texts_and_labels import texts_and_labels
from pushpull.training.registry import load
from torch.nn import functional as F

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port"]
NAMES = ["grain", "harbour", "weather report"]
LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]])
LOSSES = ["text_to_label", "text_to_label_decoupled", "texts_and_labels", "margin", "cosine_bce"]


def objective_of(encoder, loss, **changed):
    settings = defaults("text_label") | {"loss": loss, "label_texts": NAMES} | changed
    return load("text_label")(encoder, 3, settings).eval()


def batch_of(encoder, texts=TEXTS):
    return tokenise(encoder, texts, 16).batch(np.arange(len(texts)))


def unit(encoder, texts):
    """One text after another, without padding."""
    with torch.no_grad():
        vectors = [encoder(batch_of(encoder, [text]))["sentence_embedding"] for text in texts]
    return F.normalize(torch.cat(vectors), dim=1)


def expected(encoder, loss):
    texts, names = unit(encoder, TEXTS), unit(encoder, NAMES)
    cosines = texts @ names.T
    return {
        "text_to_label": lambda: text_label.text_to_label(cosines, LABELS, 0.05),
        "text_to_label_decoupled": lambda: text_label.text_to_label_decoupled(cosines, LABELS, 0.05),
        "texts_and_labels": lambda: texts_and_labels(texts, names, LABELS, 0.05, 0.1),
        "margin": lambda: text_label.margin(cosines, LABELS, 0.4),
        "cosine_bce": lambda: text_label.cosine_bce(cosines, LABELS, torch.tensor(10.0), torch.tensor(-3.0)),
    }[loss]()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_is_that_of_unit_vectors_of_texts_and_label_texts(tiny_encoder, loss):
    objective = objective_of(tiny_encoder, loss, temperature=0.05, margin=0.4, negative_weight=0.1)
    found = objective(batch_of(tiny_encoder), LABELS)
    torch.testing.assert_close(found, expected(tiny_encoder, loss), rtol=1e-4, atol=1e-5)
    sums = objective.validation_sums(batch_of(tiny_encoder), LABELS)
    assert objective.validation_scores(sums, 4)["validation_loss"] == pytest.approx(found.item())


@pytest.mark.parametrize("loss", LOSSES)
def test_words_of_texts_and_of_label_texts_both_get_a_gradient(tiny_encoder, loss):
    objective = objective_of(tiny_encoder, loss)
    tiny_encoder.zero_grad()
    objective(batch_of(tiny_encoder), LABELS).backward()
    words = tiny_encoder.model.embeddings.word_embeddings.weight.grad.abs().sum(1)
    only = [
        tiny_encoder.tokenizer(word)["input_ids"][1] for word in ("closed", "weather")
    ]  # in a text, in a label text
    assert (words[only] > 0).all()


def test_only_cosine_bce_has_parameters_beside_the_encoder_and_they_are_trained(tiny_encoder):
    extra = {
        loss: [
            name for name, _ in objective_of(tiny_encoder, loss).named_parameters() if not name.startswith("encoder.")
        ]
        for loss in LOSSES
    }
    assert extra.pop("cosine_bce") == ["log_scale", "offset"]
    assert not any(extra.values())
    objective = objective_of(tiny_encoder, "cosine_bce")
    objective(batch_of(tiny_encoder), LABELS).backward()
    assert objective.log_scale.grad != 0
    assert objective.offset.grad != 0


def test_only_the_loss_that_compares_texts_drops_incomplete_batches(tiny_encoder):
    assert [objective_of(tiny_encoder, loss).compares_documents for loss in LOSSES] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_training_brings_texts_nearer_to_their_labels_than_to_others(tiny_encoder):
    torch.manual_seed(0)
    objective = objective_of(tiny_encoder, "text_to_label", temperature=0.05).train()
    optimizer = torch.optim.AdamW(objective.parameters(), lr=3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        objective(batch_of(tiny_encoder), LABELS).backward()
        optimizer.step()
    objective.eval()
    cosines = unit(tiny_encoder, TEXTS[:2]) @ unit(tiny_encoder, NAMES).T
    assert cosines.argmax(1).tolist() == [0, 1]
