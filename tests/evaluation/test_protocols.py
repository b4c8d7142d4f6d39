import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.evaluation import protocols


def test_scores_and_decisions_come_back_as_written(tmp_path):
    generator = np.random.default_rng(0)
    validation, test = generator.random((5, 3)), generator.random((4, 3), dtype=np.float32)
    decisions = {"half": (validation >= 0.5, test >= 0.5), "one": (validation >= 0.2, test >= 0.2)}
    protocols.write_scores(tmp_path / "dbc", validation, test, decisions)
    assert sorted(path.name for path in (tmp_path / "dbc").iterdir()) == [
        "decisions.npz",
        "test.npy",
        "validation.npy",
    ]
    stored = np.load(tmp_path / "dbc" / "validation.npy", allow_pickle=False)
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, validation.astype(np.float32))
    back = protocols.read_decisions(tmp_path / "dbc")
    assert list(back) == ["half", "one"]
    for rule, (on_validation, on_test) in decisions.items():
        np.testing.assert_array_equal(back[rule]["validation"], on_validation)
        np.testing.assert_array_equal(back[rule]["test"], on_test)
        assert back[rule]["test"].dtype == bool
    with np.load(tmp_path / "dbc" / "decisions.npz") as arrays:
        assert set(arrays) == {"validation/half", "test/half", "validation/one", "test/one"}


def test_embeddings_are_mapped_and_their_number_is_checked(tmp_path):
    path = tmp_path / "test.npy"
    np.save(path, np.ones((5, 2), np.float32))
    assert isinstance(protocols.load_embeddings(path, 5), np.memmap)
    assert protocols.load_embeddings(path).shape == (5, 2)
    with pytest.raises(InputError, match=r"test\.npy: shape \(5, 2\), wanted \[4 of rows"):
        protocols.load_embeddings(path, 4)
    np.save(path, np.ones(5, np.float32))
    with pytest.raises(InputError, match=r"shape \(5,\)"):
        protocols.load_embeddings(path, 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 3, 4, 8])
def test_a_value_that_is_not_finite_is_refused_with_file_and_row(tmp_path, monkeypatch, bad, row):
    monkeypatch.setattr(protocols, "CHUNK", 4)
    embeddings = np.ones((9, 2), np.float32)
    embeddings[row, 1] = bad
    np.save(tmp_path / "train.npy", embeddings)
    with pytest.raises(InputError, match=rf"train\.npy: row {row} "):
        protocols.load_embeddings(tmp_path / "train.npy", 9)


def test_half_decides_from_half_on_and_a_single_label_by_the_highest_score():
    scores = np.array([[0.5, 0.49, 0.9], [0.2, 0.3, 0.3], [0, 0, 0]], dtype=np.float32)
    assert protocols.half(scores, "multi").tolist() == [[True, False, True], [False] * 3, [False] * 3]
    assert protocols.half(scores, "single").argmax(1).tolist() == [2, 1, 0]
    assert protocols.half(scores, "single").sum(1).tolist() == [1, 1, 1]
