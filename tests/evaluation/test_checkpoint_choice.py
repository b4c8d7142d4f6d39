"""The checkpoint with the best probe is kept, and fine-tuning starts from the best mean over seeds."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pushpull.encoders.tokens import Tokens
from pushpull.evaluation.linear_probe import GRIDS, fit_probe, predict
from pushpull.evaluation.metrics import micro_f1
from pushpull.evaluation.models.checkpoint_choice import best_setting, choose_epoch, probe_score
from pushpull.evaluation.models.dbc_choice import dbc_score
from pushpull.training.batches import Corpus


class Shown(torch.nn.Module):
    """An encoder whose vector of a document is a row of a table; the document's one token is the row."""

    def __init__(self, table):
        super().__init__()
        self.table = torch.as_tensor(table)

    def get_embedding_dimension(self):
        return self.table.shape[1]

    def forward(self, batch):
        return {"sentence_embedding": self.table[batch["input_ids"][:, 0]]}


def corpora(documents, seed):
    labels = (np.random.default_rng(seed).random((documents, 3)) < 0.4).astype(np.float32)
    ends = [0, 2 * documents // 3, documents]
    tokens = [Tokens.from_rows([[row] for row in range(*pair)], 0) for pair in pairwise(ends)]
    parts = np.split(labels, ends[1:2])
    return labels, [Corpus(part, held, [""] * len(held)) for part, held in zip(tokens, parts, strict=True)]


def test_a_probe_scores_more_the_more_labels_can_be_read_off_the_vectors():
    labels, parts = corpora(180, 0)
    noise = np.random.default_rng(1).standard_normal((180, 6)).astype(np.float32)

    def score(epoch):
        shows = np.array({2: [0, 0, 0], 5: [4, 4, 4], 7: [4, 0, 0]}[epoch], np.float32)
        encoder = Shown(np.hstack([noise, shows * labels]))
        return probe_score(SimpleNamespace(encoder=encoder), *parts, {"probe_grid": "paper"}, 0, "cpu")

    epoch, scores = choose_epoch([7, 2, 5, 5], score)
    assert epoch == 5
    assert set(scores) == {2, 5, 7}
    assert scores[5] > scores[7] > scores[2]


def test_the_probes_of_an_epoch_are_chosen_on_validation():
    labels, (train, validation) = corpora(180, 0)
    vectors = np.random.default_rng(1).standard_normal((180, 30)).astype(np.float32)
    vectors[:, :3] += labels
    (x, other_x), (y, other_y) = np.split(vectors, [120]), np.split(labels.astype("uint8"), [120])
    by_split = {}
    for name, chosen_on in {"train": (x, y), "validation": (other_x, other_y)}.items():
        probe = fit_probe(x, y, *chosen_on, seed=0, grid=GRIDS["paper"])
        by_split[name] = micro_f1(other_y, predict(probe, other_x) > 0.5)
    objective = SimpleNamespace(encoder=Shown(vectors))
    found = probe_score(objective, train, validation, {"probe_grid": "paper"}, 0, "cpu")
    assert found == by_split["validation"] != by_split["train"]


def test_dbc_scores_more_the_nearer_texts_are_to_their_label_texts():
    labels, parts = corpora(150, 2)
    noise = np.random.default_rng(3).standard_normal((150, 3)).astype(np.float32)
    elsewhere = np.full((150, 1), 10, np.float32)  # where documents without labels are
    names = np.eye(3, 4, dtype=np.float32)

    def score(strength):
        encoder = Shown(np.vstack([np.hstack([strength * labels + noise, elsewhere]), names]))
        objective = SimpleNamespace(encoder=encoder, label_tokens=Tokens.from_rows([[150], [151], [152]], 0))
        return dbc_score(objective, *parts, {}, 0, "cpu")

    assert score(50.0) == 1
    assert 1 > score(2.0) > score(0.0) > 0.3


def test_a_single_candidate_is_taken_without_a_score():
    assert choose_epoch([3, 3, 3], lambda _: pytest.fail("not needed")) == (3, {})


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
