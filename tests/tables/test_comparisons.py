import json
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pushpull.errors import InputError
from pushpull.evaluation import significance
from pushpull.evaluation.metrics import macro_f1, micro_f1
from pushpull.evaluation.protocols import write_scores
from pushpull.papers.abalone.rows import COMPARISONS, PAPER, SHOWN
from pushpull.tables import comparisons
from pushpull.tables.comparisons import COLUMNS, compare, pair_runs, write_comparisons
from pushpull.tables.rows import Row
from pushpull.tables.study import load_study, only_shown
from synthetic_study import METHODS, make_run, metric_rows, of_their_kind, score_rows

NAMES = ["grain", "earn", "ship"]
DOCUMENTS = 12


class Measured:
    """Runs with decisions on a dataset of 12 test documents; decisions are the truth with some cells wrong."""

    def __init__(self, folder):
        generator = np.random.default_rng(0)
        self.folder, self.runs, self.rows, self.decisions = folder, [], [], {}
        self.truth = generator.random((DOCUMENTS, 3)) < 0.5
        self.data = {"small": folder / "data"}
        self.data["small"].mkdir()
        labels = [[NAMES[label] for label in np.flatnonzero(row)] for row in self.truth]
        ids = [str(n) for n in range(DOCUMENTS)]
        table = {"id": ids, "text": ["text"] * DOCUMENTS, "labels": pa.array(labels, type=pa.list_(pa.string()))}
        pq.write_table(pa.table(table), self.data["small"] / "test.parquet")
        card = {"dataset": "small", "task": "multi", "labels": [{"name": name} for name in NAMES]}
        (self.data["small"] / "card.json").write_text(json.dumps(card))

    def add(
        self, method, seed, wrong, protocol="linear_probe", setting="a", validation=0.5, temperature=0.1, rule="half"
    ):
        """Add a run that has `wrong` of the cells of the test decisions wrong."""
        run = make_run("small", method, setting, seed, {"temperature": temperature})
        run["path"] = str(self.folder / run["path"])
        flipped = np.random.default_rng([len(self.runs), seed]).permutation(self.truth.size) < wrong
        decided = self.truth ^ flipped.reshape(self.truth.shape)
        other = np.zeros((5, 3), dtype=bool)
        folder = f"{run['path']}/{protocol.removesuffix(f'_{rule}')}"
        write_scores(folder, other.astype(float), decided.astype(float), {rule: (other, decided)})
        self.runs.append(run)
        self.rows += metric_rows(run, score_rows(protocol, validation, 0.5))
        self.decisions[method, seed, setting] = decided

    def study(self):
        methods = {run["method"]: METHODS[run["method"]] for run in self.runs}
        methods = {name: {"title": title, "kind": kind} for name, (title, kind) in methods.items()}
        info = {
            "study": "small",
            "datasets": {"small": {}},
            "encoders": {"minilm": {}},
            "methods": methods,
            "runs": of_their_kind(self.runs, methods),
        }
        (self.folder / "runs.json").write_text(json.dumps(info))
        pd.DataFrame(self.rows).to_csv(self.folder / "metrics.csv", index=False)
        return load_study(self.folder / "metrics.csv", self.folder / "runs.json", [self.data["small"] / "card.json"])

    def compare(self, pairs=COMPARISONS):
        found = compare(only_shown(self.study(), PAPER, SHOWN["table_ladder"]), PAPER, pairs, self.data)
        return found.set_index(["row", "against", "metric"])


@pytest.fixture
def measured(tmp_path):
    return Measured(tmp_path)


def f1_by_hand(truth, decided):
    """Micro- and macro-F1 by counting cell after cell."""
    counts = [[0, 0] for _ in NAMES]
    for true_row, decided_row in zip(truth, decided, strict=True):
        for label, (true, said) in enumerate(zip(true_row, decided_row, strict=True)):
            counts[label][0] += 2 * int(true and said)
            counts[label][1] += int(true) + int(said)
    total = [sum(column) for column in zip(*counts, strict=True)]
    return {
        "micro_f1": total[0] / total[1] if total[1] else 0.0,
        "macro_f1": sum(twice / both if both else 0.0 for twice, both in counts) / len(NAMES),
    }


def test_against_a_plain_loop_over_resamples_seeds_and_documents(measured, monkeypatch):
    resamples = 60
    monkeypatch.setattr(comparisons, "resampled_f1", partial(significance.resampled_f1, resamples=resamples))
    for seed in (1, 2, 3):
        measured.add("base", seed, wrong=9)
        measured.add("base_queue", seed, wrong=5 + seed)
    found = measured.compare()

    ((_, weights),) = significance._resample_weights(DOCUMENTS, resamples, 0)
    drawn = np.random.default_rng([0, 1]).multinomial(3, [1 / 3] * 3, size=resamples)
    for metric in ("micro_f1", "macro_f1"):
        values = []
        for documents, seeds in zip(weights.astype(int), drawn, strict=True):
            rows = np.repeat(np.arange(DOCUMENTS), documents)
            total = 0.0
            for seed, times in zip((1, 2, 3), seeds, strict=True):
                for _ in range(times):
                    base, queue = (measured.decisions[method, seed, "a"][rows] for method in ("base", "base_queue"))
                    total += f1_by_hand(measured.truth[rows], queue)[metric]
                    total -= f1_by_hand(measured.truth[rows], base)[metric]
            values.append(total / 3)
        cell = found.loc["L_BQueue", "L_Base", metric]
        assert (cell.low, cell.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-12)
        tail = min(sum(value <= 0 for value in values), sum(value >= 0 for value in values))
        assert cell.p == pytest.approx(min(1, 2 * (tail + 1) / (resamples + 1)))
        observed = [
            f1_by_hand(measured.truth, measured.decisions["base_queue", seed, "a"])[metric]
            - f1_by_hand(measured.truth, measured.decisions["base", seed, "a"])[metric]
            for seed in (1, 2, 3)
        ]
        assert cell.difference == pytest.approx(sum(observed) / 3)
        assert cell.seeds == 3
        assert len(set(values)) > 10


def test_equal_decisions_differ_by_nothing(measured):
    for seed in (1, 2):
        measured.add("base", seed, wrong=0)
        measured.add("base_queue", seed, wrong=0)
    cell = measured.compare().loc["L_BQueue", "L_Base", "macro_f1"]
    assert (cell.difference, cell.low, cell.high, cell.p) == (0, 0, 0, 1)


def test_a_better_row_has_a_positive_difference_and_a_worse_one_a_negative(measured):
    measured.add("pretrained", 1, wrong=18)
    for seed in (1, 2):
        measured.add("base", seed, wrong=2)
        measured.add("base_ft", seed, wrong=14, protocol="classifier")
    found = measured.compare()
    better, worse = found.loc["L_Base", "L_MLM", "micro_f1"], found.loc["L_Base-FT", "L_Base", "micro_f1"]
    assert 0 < better.low < better.difference < better.high
    assert worse.low < worse.difference < worse.high < 0
    assert better.p == worse.p == pytest.approx(2 / 1001)


def test_an_encoder_as_it_came_is_paired_with_every_seed(measured):
    measured.add("pretrained", 1, wrong=9)
    for seed in (1, 2, 5):
        measured.add("base", seed, wrong=seed)
    cell = measured.compare().loc["L_Base", "L_MLM", "micro_f1"]
    scores = [micro_f1(measured.truth, measured.decisions["base", seed, "a"]) for seed in (1, 2, 5)]
    assert cell.seeds == 3
    assert cell.difference == pytest.approx(
        np.mean(scores) - micro_f1(measured.truth, measured.decisions["pretrained", 1, "a"])
    )


def test_only_seeds_that_both_have_are_compared(measured):
    for seed in (1, 2, 3):
        measured.add("base", seed, wrong=9)
    for seed in (2, 3, 4):
        measured.add("base_queue", seed, wrong=seed)
    cell = measured.compare().loc["L_BQueue", "L_Base", "macro_f1"]
    both = [
        macro_f1(measured.truth, measured.decisions["base_queue", seed, "a"])
        - macro_f1(measured.truth, measured.decisions["base", seed, "a"])
        for seed in (2, 3)
    ]
    assert (cell.seeds, cell.difference) == (2, pytest.approx(np.mean(both)))


def test_without_a_common_seed_or_a_method_there_is_no_row(measured):
    measured.add("base", 1, wrong=3)
    measured.add("base_queue", 2, wrong=3)
    assert measured.compare().empty


def test_the_grid_point_is_chosen_by_validation_at_the_papers_temperature(measured):
    measured.add("base", 1, wrong=9)
    measured.add("base_queue", 1, wrong=1, setting="cold", validation=0.9, temperature=0.07)
    measured.add("base_queue", 1, wrong=12, setting="good", validation=0.7)
    measured.add("base_queue", 1, wrong=2, setting="bad", validation=0.4)
    cell = measured.compare().loc["L_BQueue", "L_Base", "micro_f1"]
    chosen, base = measured.decisions["base_queue", 1, "good"], measured.decisions["base", 1, "a"]
    assert cell.difference == micro_f1(measured.truth, chosen) - micro_f1(measured.truth, base)


def test_pairs_are_of_the_same_seed(study):
    runs = {method: study.runs["abalone", "aapd", "minilm", method] for method in ("pretrained", "base", "msc")}
    seeds = [(a["seed"], b["seed"]) for a, b in pair_runs(study, runs["base"], runs["msc"])]
    assert seeds == [(0, 0), (1, 1), (2, 2)]
    alone = pair_runs(study, runs["msc"], runs["pretrained"][:1])
    assert [(a["seed"], b["seed"]) for a, b in alone] == [(0, 0), (1, 0), (2, 0)]


@pytest.mark.parametrize(("protocol", "rule"), [("dbc_one", "one"), ("knn_mixed", "mixed")])
def test_a_rule_of_a_protocol_that_has_several_is_found(measured, protocol, rule):
    rows = [Row(name, "", name, protocol, protocol) for name in ("base", "msc")]
    measured.add("base", 1, wrong=4, protocol=protocol, rule=rule)
    measured.add("msc", 1, wrong=4, protocol=protocol, rule=rule)
    assert len(measured.compare([tuple(rows)])) == 2


def test_missing_decisions_are_named(measured):
    measured.add("base", 1, wrong=3)
    measured.add("msc", 1, wrong=3)
    measured.add("base_queue", 1, wrong=3)
    next(measured.folder.rglob("base_queue/**/decisions.npz")).unlink()
    with pytest.raises(InputError, match=r"base_queue/a/seed1/linear_probe/decisions\.npz: no decisions of linear_"):
        measured.compare()


def test_decisions_about_other_documents_are_named(measured):
    measured.add("base", 1, wrong=3)
    measured.truth = measured.truth[:5]
    measured.add("base_queue", 1, wrong=3)
    with pytest.raises(InputError, match=r"decisions are \(5, 3\) \[documents, labels\], the dataset has \(12, 3\)"):
        measured.compare()


def test_rows_are_in_the_order_of_the_paper_and_survive_the_file(measured, tmp_path):
    for method in ("msc", "base_queue_prototypes", "base_queue", "base", "pretrained"):
        measured.add(method, 1, wrong=4)
    study = measured.study()
    rows = compare(study, PAPER, COMPARISONS, measured.data)
    assert list(rows.columns) == COLUMNS
    ladder = [(row.name, against.name) for against, row in (*COMPARISONS[:4], COMPARISONS[-1])]
    assert [*zip(rows.row, rows.against, strict=True)] == [pair for pair in ladder for _ in range(2)]
    assert ladder[0] == ("L_Base", "L_MLM")
    assert ladder[3] == ("L_MSC", "L_BQProto")
    write_comparisons(rows, tmp_path / "comparisons.csv")
    files = (measured.folder / "metrics.csv", measured.folder / "runs.json", [measured.data["small"] / "card.json"])
    read = load_study(*files, [tmp_path / "comparisons.csv"]).comparisons
    assert len(read) == 10
    for row in rows.itertuples():
        key = ("abalone", "small", "minilm", row.row, row.against, row.metric)
        assert read[key] == {name: getattr(row, name) for name in ("difference", "low", "high", "seeds", "p")}


def test_a_study_without_comparisons_has_a_file_with_a_header_only(measured, tmp_path):
    measured.add("base", 1, wrong=4)
    study = measured.study()
    write_comparisons(compare(study, PAPER, COMPARISONS, measured.data), tmp_path / "comparisons.csv")
    assert (tmp_path / "comparisons.csv").read_text() == ",".join(COLUMNS) + "\n"
    files = (measured.folder / "metrics.csv", measured.folder / "runs.json")
    assert load_study(*files, comparisons=[tmp_path / "comparisons.csv"]).comparisons == {}
