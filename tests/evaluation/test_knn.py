import time

import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation import knn
from scipy.spatial.distance import cdist


def draw(documents=60, queries=25, dimension=8, seed=0):
    generator = np.random.default_rng(seed)
    both = generator.standard_normal((documents + queries, dimension)).astype(np.float32)
    return both[:documents], both[documents:]


def brute_force(datastore, queries, k):
    difference = queries[:, None].astype(np.float64) - datastore.astype(np.float64)
    distances = np.sqrt((difference**2).sum(-1))
    order = np.stack([np.lexsort((np.arange(len(datastore)), row)) for row in distances])[:, :k]
    return np.take_along_axis(distances, order, 1), order


# Faiss changes its path at 20 queries; k + SPARE reaches the size of the datastore at 52.
@pytest.mark.parametrize("queries", [1, 19, 20, 21])
@pytest.mark.parametrize("k", [1, 5, 51, 52, 60])
def test_neighbours_equal_brute_force(queries, k):
    datastore, asked = draw(queries=queries)
    distances, indices = knn.neighbours(datastore, asked, k)
    expected = brute_force(datastore, asked, k)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12)


def test_batches_and_blocks_do_not_change_neighbours(monkeypatch):
    datastore, queries = draw()
    datastore[5:45] = datastore[5]  # 40 copies: a full search for queries near them
    expected = brute_force(datastore, queries, 7)
    searched = []
    full_search = knn._full_search
    monkeypatch.setattr(knn, "_full_search", lambda *a: searched.append(len(a[1])) or full_search(*a))
    for name, size in (("QUERIES", 24), ("EXACT", 7), ("BLOCK", 8)):
        monkeypatch.setattr(knn, name, size)
    distances, indices = knn.neighbours(datastore, queries, 7)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12)
    assert sum(searched) > 0
    assert any(5 in row for row in indices)


def test_equal_distances_come_in_order_of_index_even_with_more_copies_than_candidates():
    datastore, _ = draw()
    copies = np.repeat(datastore, 30, axis=0)
    distances, indices = knn.neighbours(copies, datastore[:3], 4)
    np.testing.assert_array_equal(indices, [[0, 1, 2, 3], [30, 31, 32, 33], [60, 61, 62, 63]])
    assert not distances.any()


def test_points_of_a_lattice_with_many_equal_distances_come_in_order_of_index():
    generator = np.random.default_rng(0)
    datastore, queries = (generator.integers(-4, 5, (size, 3)).astype(np.float32) for size in (400, 200))
    expected = brute_force(datastore, queries, 12)
    assert (np.diff(expected[0], axis=1) == 0).any(axis=1).mean() > 0.9
    distances, indices = knn.neighbours(datastore, queries, 12)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_array_equal(distances, expected[0])


def test_far_from_the_origin_neighbours_are_still_exact():
    datastore, queries = draw(documents=300)
    datastore, queries = datastore + np.float32(500), queries + np.float32(500)
    expected = brute_force(datastore, queries, 10)
    distances, indices = knn.neighbours(datastore, queries, 10)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-9)


def collapsed(documents, queries, dimension, clusters=4):
    """Vectors at a few points: squared distances within one are a ten-thousandth of the squared norm."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((documents + queries, dimension)) * (0.5e-4) ** 0.5
    vectors += generator.standard_normal((clusters, dimension))[generator.integers(clusters, size=len(vectors))]
    return np.split(vectors.astype(np.float32), [documents])


def test_neighbours_of_a_collapsed_encoder_equal_brute_force(monkeypatch):
    datastore, queries = collapsed(600, 50, 64)
    datastore[300:340] = datastore[300]
    queries[0] = datastore[300]
    expected, searched = brute_force(datastore, queries, 10), []
    full_search = knn._full_search
    monkeypatch.setattr(knn, "_full_search", lambda *a: searched.append(len(a[1])) or full_search(*a))
    monkeypatch.setattr(knn, "SQUARES", 7 * 600)
    monkeypatch.setattr(knn, "BLOCK", 16)
    distances, indices = knn.neighbours(datastore, queries, 10)
    np.testing.assert_array_equal(indices, expected[1])
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12)
    assert sum(searched) > 25
    assert indices[0].tolist() == list(range(300, 310))


def test_a_collapsed_encoder_takes_a_fraction_of_the_time_of_all_differences():
    datastore, queries = collapsed(8000, 500, 384)
    knn.neighbours(datastore[:100], queries, 10)
    began = time.process_time()
    distances, _ = knn.neighbours(datastore, queries, 10)
    ours = time.process_time() - began
    began = time.process_time()
    plain = cdist(queries, datastore)
    theirs = time.process_time() - began
    np.testing.assert_allclose(distances, np.sort(plain, axis=1)[:, :10], rtol=1e-9)
    assert ours < theirs / 2


def test_distance_is_not_squared():
    distances, _ = knn.neighbours(np.array([[3, 4]], np.float32), np.zeros((1, 2), np.float32), 1)
    assert distances.tolist() == [[5]]


def test_scores_equal_an_explicit_loop():
    datastore, queries = draw()
    labels = np.random.default_rng(1).random((60, 4)) < 0.4
    distances, indices = knn.neighbours(datastore, queries, 6)
    scores = knn.neighbour_scores(distances, indices, labels, temperature=0.7)
    assert scores.dtype == np.float32 and scores.max() <= 1
    for query in range(25):
        weights = np.exp(-distances[query] / 0.7)
        expected = sum(weight * labels[index] for weight, index in zip(weights, indices[query], strict=True)) / sum(
            weights
        )
        np.testing.assert_allclose(scores[query], expected, rtol=1e-5, atol=1e-7)
    assert 0 < scores.mean() < 1


def test_one_neighbour_copies_its_labels_and_a_low_temperature_does_so_too():
    datastore, queries = draw()
    labels = (np.random.default_rng(1).random((60, 4)) < 0.4).astype(np.uint8)
    for k, temperature in ((1, 1.0), (10, 1e-6)):
        distances, indices = knn.neighbours(datastore, queries, k)
        scores = knn.neighbour_scores(distances, indices, labels, temperature)
        np.testing.assert_array_equal(scores, labels[indices[:, 0]])


def test_high_temperature_is_the_plain_mean_and_over_all_documents_the_label_frequencies():
    datastore, queries = draw()
    labels = np.random.default_rng(1).random((60, 4)) < 0.4
    distances, indices = knn.neighbours(datastore, queries, 5)
    scores = knn.neighbour_scores(distances, indices, labels, temperature=1e9)
    np.testing.assert_allclose(scores, labels[indices].mean(1), rtol=1e-6)
    everything = knn.neighbour_scores(*knn.neighbours(datastore, queries, 60), labels, temperature=1e9)
    np.testing.assert_allclose(everything, np.tile(labels.mean(0), (25, 1)), rtol=1e-6)


def test_a_copy_of_a_training_document_returns_its_labels():
    datastore, _ = draw()
    labels = np.random.default_rng(1).random((60, 4)) < 0.4
    distances, indices = knn.neighbours(datastore, datastore[10:20], 5)
    scores = knn.neighbour_scores(distances, indices, labels, temperature=1e-3)
    np.testing.assert_array_equal(knn.interpolate(scores, np.full_like(scores, 0.5), 1), labels[10:20])


def test_far_neighbours_do_not_underflow():
    scores = knn.neighbour_scores(np.array([[5000.0, 5000.0]]), np.array([[0, 1]]), np.eye(2, dtype=bool), 1)
    assert scores.tolist() == [[0.5, 0.5]]


def test_interpolation_runs_from_the_model_to_the_neighbours():
    generator = np.random.default_rng(0)
    neighbour, model = generator.random((2, 5, 3), dtype=np.float32)
    np.testing.assert_array_equal(knn.interpolate(neighbour, model, 0), model)
    np.testing.assert_array_equal(knn.interpolate(neighbour, model, 1), neighbour)
    np.testing.assert_allclose(knn.interpolate(neighbour, model, 0.25), 0.25 * neighbour + 0.75 * model)


@pytest.mark.parametrize("k", [0, 61])
def test_k_outside_the_datastore_is_refused(k):
    with pytest.raises(InputError, match=f"k = {k}.*1 to 60"):
        knn.neighbours(*draw(), k)


def test_bad_vectors_and_settings_are_refused():
    datastore, queries = draw()
    with pytest.raises(InputError, match="8 dimensions, queries 7"):
        knn.neighbours(datastore, queries[:, :7], 1)
    queries[3, 2] = np.nan
    with pytest.raises(InputError, match="queries: row 3"):
        knn.neighbours(datastore, queries, 1)
    datastore[59, 0] = np.inf
    with pytest.raises(InputError, match="training embeddings: row 59"):
        knn.neighbours(datastore, queries[:2], 1)
    scores = np.zeros((2, 2), np.float32)
    for proportion in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="proportion"):
            knn.interpolate(scores, scores, proportion)
    with pytest.raises(InputError, match=r"\(2, 2\).*\(1, 2\)"):
        knn.interpolate(scores, scores[:1], 0.5)
    for temperature in (0, -1.0, float("nan")):
        with pytest.raises(InputError, match="temperature"):
            knn.neighbour_scores(np.zeros((1, 1)), np.zeros((1, 1), int), np.eye(1), temperature)
