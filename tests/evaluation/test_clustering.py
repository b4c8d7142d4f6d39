import math
import time

import numpy as np
import pytest
from pushpull.evaluation import clustering
from pushpull.evaluation.clustering import clustering_scores
from scipy.spatial.distance import cdist
from sklearn.metrics import davies_bouldin_score, silhouette_score


def draw(clusters, documents, dimension=12, seed=0):
    """Embeddings and label sets (binary numbers of the cluster), the first cluster the largest."""
    generator = np.random.default_rng(seed)
    share = 1 / np.arange(1, clusters + 1)
    cluster = np.concatenate(
        [np.arange(clusters), generator.choice(clusters, documents - clusters, p=share / share.sum())]
    )
    generator.shuffle(cluster)
    centres = generator.standard_normal((clusters, dimension))
    embeddings = centres[cluster] + generator.standard_normal((documents, dimension)) + 5
    labels = (cluster[:, None] >> np.arange(10)) & 1
    return embeddings.astype(np.float32), labels.astype(np.uint8), cluster


def keep_most_frequent(cluster, share):
    """Rows whose label set is among the most frequent `share`, ties by first appearance: a plain loop."""
    count, first = {}, {}
    for row, name in enumerate(cluster):
        count[name] = count.get(name, 0) + 1
        first.setdefault(name, row)
    ranked = sorted(count, key=lambda name: (-count[name], first[name]))
    kept = set(ranked[: math.ceil(round(share * len(ranked), 9))])
    return np.array([row for row, name in enumerate(cluster) if name in kept])


@pytest.mark.parametrize("clusters", [2, 25, 26, 300])
def test_all_shares_equal_scikit_learn(clusters, monkeypatch):
    monkeypatch.setattr(clustering, "CHUNK", 97)
    embeddings, labels, cluster = draw(clusters, 700)
    results = clustering_scores(embeddings, labels)
    assert [round(100 * result["share"]) for result in results] == list(range(10, 101, 10))
    compared = 0
    for result in results:
        rows = keep_most_frequent(cluster, result["share"])
        assert result["documents"] == len(rows)
        assert result["clusters"] == len(set(cluster[rows]))
        if result["clusters"] > 1:
            x = embeddings[rows].astype(np.float64)
            assert result["silhouette"] == pytest.approx(silhouette_score(x, cluster[rows]), abs=1e-9)
            expected = davies_bouldin_score(x, cluster[rows])
            assert result["davies_bouldin"] == pytest.approx(expected, rel=1e-9)
            compared += 1
    assert compared >= 5


def test_more_documents_than_are_multiplied_at_once_score_the_same(monkeypatch):
    embeddings, labels, _ = draw(30, 301)
    monkeypatch.setattr(clustering, "AT_ONCE", 301)
    at_once = clustering_scores(embeddings, labels)
    monkeypatch.setattr(clustering, "AT_ONCE", 300)
    chunked = clustering_scores(embeddings, labels)
    assert [scores["clusters"] for scores in at_once] == [3 * tenth for tenth in range(1, 11)]
    for one, other in zip(at_once, chunked, strict=True):
        assert one == pytest.approx(other, rel=1e-10)


def test_two_far_tight_groups_score_near_one_and_zero():
    generator = np.random.default_rng(0)
    cluster = np.repeat([0, 1], 20)
    embeddings = 100 * cluster[:, None] + 0.01 * generator.standard_normal((40, 3))
    (result,) = clustering_scores(embeddings, np.eye(2, dtype=np.uint8)[cluster], shares=(1.0,))
    assert result["silhouette"] > 0.999
    assert 0 < result["davies_bouldin"] < 0.001


def test_by_hand_with_a_singleton():
    embeddings = np.array([[0.0], [1.0], [3.0]])
    labels = np.array([[1, 0], [1, 0], [0, 1]])
    (result,) = clustering_scores(embeddings, labels, shares=(1.0,))
    # Documents: (3 - 1) / 3, (2 - 1) / 2, 0 for the singleton. Spreads 0.5 and 0, centroids 2.5 apart.
    assert result["silhouette"] == pytest.approx((2 / 3 + 1 / 2) / 3, abs=1e-12)
    assert result["davies_bouldin"] == pytest.approx(0.5 / 2.5, abs=1e-12)


@pytest.mark.parametrize("change", ["rotation", "scaling", "translation"])
def test_rotation_scaling_and_translation_change_nothing(change):
    embeddings, labels, _ = draw(30, 200)
    x = embeddings.astype(np.float64)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((12, 12)))[0]
    changed = {"rotation": x @ rotation, "scaling": 1000 * x, "translation": x + 7}[change]
    for before, after in zip(clustering_scores(x, labels), clustering_scores(changed, labels), strict=True):
        assert after == pytest.approx(before, rel=1e-8, nan_ok=True)
        assert math.isnan(before["silhouette"]) or abs(before["silhouette"]) <= 1


def test_one_cluster_and_only_singletons_are_undefined():
    embeddings, labels, _ = draw(8, 8)
    (result,) = clustering_scores(embeddings, labels, shares=(1.0,))
    assert result["clusters"] == result["documents"] == 8
    assert math.isnan(result["silhouette"]) and math.isnan(result["davies_bouldin"])
    (result,) = clustering_scores(embeddings, np.ones_like(labels), shares=(1.0,))
    assert result["clusters"] == 1 and result["documents"] == 8
    assert math.isnan(result["silhouette"]) and math.isnan(result["davies_bouldin"])


def test_equal_embeddings_score_zero_and_no_davies_bouldin():
    labels = np.repeat(np.eye(3, dtype=np.uint8), 4, axis=0)
    (result,) = clustering_scores(np.full((12, 5), 0.1, np.float32), labels, shares=(1.0,))
    assert result["silhouette"] == 0
    assert math.isnan(result["davies_bouldin"])


def test_clusters_with_the_same_centroid_are_left_out_as_in_scikit_learn():
    embeddings = np.array([[-1.0, 0], [1, 0], [0, -1], [0, 1], [9, 9], [9, 10]])
    cluster = np.array([0, 0, 1, 1, 2, 2])
    (result,) = clustering_scores(embeddings, np.eye(3, dtype=np.uint8)[cluster], shares=(1.0,))
    assert result["davies_bouldin"] == pytest.approx(davies_bouldin_score(embeddings, cluster), rel=1e-9)


def test_copies_of_a_document_in_two_clusters_are_at_distance_zero():
    generator = np.random.default_rng(0)
    embeddings = np.tile(generator.standard_normal((20, 300)) + 30, (2, 1)).astype(np.float32)
    cluster = np.repeat([0, 1], 20)
    (result,) = clustering_scores(embeddings, np.eye(2, dtype=np.uint8)[cluster], shares=(1.0,))
    expected = silhouette_score(embeddings.astype(np.float64) - 30, cluster)
    assert result["silhouette"] == pytest.approx(expected, abs=1e-9)
    assert math.isnan(result["davies_bouldin"])


def test_distances_of_copies_are_exactly_zero_and_others_exact():
    x = np.random.default_rng(0).standard_normal((50, 300))
    distances = clustering._distances(x[:20], x)
    assert not np.diag(distances).any()
    near = x[:20] + 1e-4
    np.testing.assert_allclose(clustering._distances(near, x), cdist(near, x), rtol=1e-6)


def test_ties_are_kept_by_first_appearance_and_the_empty_set_is_a_cluster():
    labels = np.array([[0, 1], [0, 0], [1, 0], [0, 0], [1, 0], [0, 1], [1, 1]])
    clusters = clustering.label_set_clusters(labels)
    assert clusters.sizes.tolist() == [2, 2, 2, 1]
    assert clusters.rows.tolist() == [0, 5, 1, 3, 2, 4, 6]


def test_sample_is_drawn_before_the_cut_and_fixed_by_the_seed():
    embeddings, labels, cluster = draw(40, 500)
    first, again, other = (
        clustering_scores(embeddings, labels, (0.5, 1.0), seed=seed, sample=200) for seed in (0, 0, 1)
    )
    assert first == again and first != other
    assert first[1]["documents"] == 200 and first[0]["documents"] < 200
    rows = np.sort(np.random.default_rng(0).choice(500, 200, replace=False))
    assert first == clustering_scores(embeddings[rows], labels[rows], (0.5, 1.0))
    kept = keep_most_frequent(cluster[rows], 0.5)
    assert first[0]["documents"] == len(kept)


def test_ten_shares_of_a_thousand_documents_take_little_time():
    embeddings, labels, _ = draw(300, 1000, dimension=384)
    begin = time.perf_counter()
    clustering_scores(embeddings, labels)
    assert time.perf_counter() - begin < 5
