"""What neighbours bring, counted by hand; a datastore on disk; a document's neighbourhood; what a prediction costs."""

import numpy as np
import pytest
import torch
from pushpull.encoders.encoder import embed, tokenise
from pushpull.encoders.heads import make_classifier
from pushpull.errors import InputError
from pushpull.evaluation.datastore import open_datastore, save_datastore
from pushpull.evaluation.knn import Datastore, interpolate, neighbour_scores, neighbours
from pushpull.evaluation.models.inference import milliseconds_per_text, predictors
from pushpull.evaluation.neighbourhood import neighbourhood, pick_document
from pushpull.evaluation.retrieval import farthest, shared_labels

TEXTS = ["grain prices rose", "", "the port is closed", "rain and grain", "a strike at the port", "wheat"]


def test_shared_labels_by_hand():
    labels = np.array([[1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]], np.uint8)
    truth = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]], np.uint8)
    indices = np.array([[0, 1], [1, 3], [2, 2]])
    # Document 0: (2 + 1) / (2 + 3), ratios 1 and 1/3; document 1: 1 / 4, ratios 1/3 and 0; document 2: nothing brought.
    together, each = shared_labels(indices, labels, truth)
    assert together == pytest.approx((3 / 5 + 1 / 4 + 0) / 3)
    assert each == pytest.approx(((1 + 1 / 3) / 2 + (1 / 3) / 2 + 0) / 3)


def test_copies_of_a_document_share_all_labels_however_many_there_are():
    labels = np.tile(np.array([[1, 0, 1]], np.uint8), (300, 1))  # more than uint8 can count
    indices = np.tile(np.arange(300), (2, 1))
    assert shared_labels(indices, labels, labels[:2]) == (1.0, 1.0)


@pytest.mark.parametrize(("documents", "expected"), [(0, 0), (1, 1), (4, 2), (79, 40), (80, 80), (81, 80)])
def test_curves_ask_for_no_more_neighbours_than_there_are_documents(documents, expected):
    assert farthest(documents) == expected


@pytest.fixture
def stored(tmp_path):
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((90, 8)).astype(np.float32)
    labels = (generator.random((90, 4)) < 0.4).astype(np.uint8)
    return tmp_path / "datastore", vectors, labels, save_datastore(tmp_path / "datastore", vectors, labels)


def test_a_datastore_opens_again_with_the_same_neighbours(stored):
    folder, vectors, labels, size = stored
    datastore, found = open_datastore(folder, 8)
    np.testing.assert_array_equal(found, labels)
    np.testing.assert_array_equal(datastore.vectors, vectors)
    for one, other in zip(datastore.nearest(vectors[:25], 6), neighbours(vectors, vectors[:25], 6), strict=True):
        np.testing.assert_array_equal(one, other)
    assert 90 * (4 * 8 + 4) < size < 90 * (4 * 8 + 4) + 300  # float32 vectors, a byte a label, two headers


def test_a_datastore_of_another_dimension_or_damaged_or_missing_is_refused(stored, tmp_path):
    folder, *_ = stored
    with pytest.raises(InputError, match=r"90 vectors of 8 dimensions.*wanted 16 dimensions"):
        open_datastore(folder, 16)
    np.save(folder / "labels.npy", np.zeros((89, 4), np.uint8))
    with pytest.raises(InputError, match="89 label sets"):
        open_datastore(folder, 8)
    (folder / "index.faiss").write_bytes((folder / "index.faiss").read_bytes()[:-1000])
    with pytest.raises(InputError, match="cannot be opened"):
        open_datastore(folder, 8)
    with pytest.raises(InputError, match="cannot be opened"):
        open_datastore(tmp_path / "none", 8)


def test_the_document_shown_is_the_first_with_three_labels_or_with_the_most():
    few = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]])
    assert pick_document(few) == 1
    assert pick_document(np.vstack([few, [[1, 1, 1, 1]], [[1, 1, 1, 0]]])) == 3


@pytest.mark.parametrize("documents", [4, 90])
def test_a_neighbourhood_is_the_document_and_its_nearest_in_order(documents):
    generator = np.random.default_rng(1)
    train = generator.standard_normal((documents, 5)).astype(np.float32)
    labels = (generator.random((documents, 6)) < 0.5).astype(np.uint8)
    query, own = train[2] + np.float32(0.01), np.array([1, 1, 1, 0, 0, 0], np.uint8)
    rows = list(neighbourhood(train, labels, query, own))
    _, nearest = neighbours(train, query[None], min(80, documents))
    assert [row[0] for row in rows] == list(range(min(80, documents) + 1))
    assert rows[0][3:] == (3, 3)
    assert [row[3:] for row in rows[1:]] == [(int(labels[i][:3].sum()), int(labels[i].sum())) for i in nearest[0]]
    assert np.isfinite([row[1:3] for row in rows]).all()
    assert rows == list(neighbourhood(train, labels, query, own))


def test_predictions_one_by_one_and_in_batches_are_those_of_the_parts(tiny_encoder):
    classifier = make_classifier(tiny_encoder, 3, 0.1)
    vectors = embed(tiny_encoder, tokenise(tiny_encoder, TEXTS, 16), "cpu")
    labels = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]], np.uint8)
    knn = {"k": 2, "temperature": 1.0, "proportion": 0.5}
    ways = predictors(tiny_encoder, classifier, Datastore(vectors), labels, 16, knn, "cpu")
    with torch.no_grad():
        model = classifier({"sentence_embedding": torch.from_numpy(vectors)}).sigmoid().numpy()
    mixed = interpolate(neighbour_scores(*neighbours(vectors, vectors, 2), labels, 1.0), model, 0.5)
    for way, expected in (("", model), ("_knn", mixed)):
        alone = np.concatenate([ways[way]([text]) for text in TEXTS])
        np.testing.assert_allclose(ways[way](TEXTS), expected, atol=1e-4)
        np.testing.assert_allclose(alone, expected, atol=1e-4)
        assert milliseconds_per_text(ways[way], TEXTS, 4) > 0
