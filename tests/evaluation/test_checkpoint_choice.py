"""The checkpoint with the best probe is kept, and fine-tuning starts from the best mean over seeds."""

import numpy as np
import pytest
from pushpull.evaluation.checkpoint_choice import best_setting, choose_epoch


def labelled(documents, seed):
    generator = np.random.default_rng(seed)
    labels = (generator.random((documents, 3)) < 0.4).astype(np.uint8)
    return labels, generator.standard_normal((documents, 6)).astype(np.float32)


def test_the_epoch_whose_embeddings_show_the_labels_is_chosen():
    labels, noise = labelled(120, 0)
    validation_labels, validation_noise = labelled(60, 1)

    def embed(epoch):
        shows = np.array({2: [0, 0, 0], 5: [4, 4, 4], 7: [4, 0, 0]}[epoch])  # which labels can be read off
        shown = [
            np.hstack([n, shows * y]).astype(np.float32)
            for n, y in ((noise, labels), (validation_noise, validation_labels))
        ]
        return shown[0], shown[1]

    epoch, scores = choose_epoch(
        [7, 2, 5, 5], embed, labels, validation_labels, seed=0, device="cpu", probe_grid="paper"
    )
    assert epoch == 5
    assert set(scores) == {2, 5, 7}
    assert scores[5] > max(scores[2], scores[7])


def test_a_single_candidate_is_taken_without_embedding_anything():
    assert choose_epoch([3, 3, 3], lambda _: pytest.fail("not needed"), None, None, 0, "cpu", "paper") == (3, {})


def write(path, value):
    rows = [
        ("linear_probe", "test", "micro_f1", 0.99),
        ("linear_probe", "validation", "macro_f1", 0.98),
        ("knn", "validation", "micro_f1", 0.97),
        ("linear_probe", "validation", "micro_f1", value),
    ]
    lines = ["protocol,split,metric,value", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_settings_are_compared_by_the_mean_over_seeds_of_the_probes_validation_micro_f1(tmp_path):
    values = {"a": [0.50, 0.70], "b": [0.61, 0.63], "c": [0.80, 0.30]}
    metrics = {
        name: [write(tmp_path / f"{name}{seed}.csv", value) for seed, value in enumerate(found)]
        for name, found in values.items()
    }
    assert best_setting(metrics) == "b"


def test_a_metrics_file_without_the_number_is_named(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("protocol,split,metric,value\n")
    with pytest.raises(ValueError, match=r"metrics\.csv has no validation micro_f1"):
        best_setting({"a": [path], "b": [path]})


def test_a_single_setting_needs_no_metrics_file():
    assert best_setting({"a": ["not/there.csv"]}) == "a"
