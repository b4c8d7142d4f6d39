import math
import re
from importlib import import_module

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from knn_mltc_study import drop, load
from pushpull.evaluation.protocols import write_decisions
from pushpull.paper import comparisons
from pushpull.paper.latex import to_latex
from pushpull.paper.names import ARTEFACTS
from pushpull.paper.push_pull_rows import COMPARISONS, PAPER
from pushpull.paper.registry import table_maker
from pushpull.paper.rendering import full_caption, lay_out, to_markdown
from sklearn.metrics import f1_score
from synthetic_study import comparison_rows, make_run, metric_rows, score_rows

TABLES = [name for name in ARTEFACTS[PAPER] if name.startswith("table")]
DATASETS = {"own": {"title": "My_reports & more"}, "moods": {"title": "SemEval-2018 E-c"}}
ENCODERS = {"mini": {"title": "MiniLM-L6"}, "gist": {"title": "GIST-small"}, "nli": {"title": "DeBERTa NLI"}}
METHODS = {
    "pretrained": {"title": "as it came", "kind": "pretrained"},
    "text_to_label": {"title": "text to label", "kind": "text_label"},
    "text_to_label_decoupled": {"title": "text to label, decoupled", "kind": "text_label"},
    "texts_and_labels": {"title": "texts and labels", "kind": "text_label"},
    "margin": {"title": "margin", "kind": "text_label"},
    "cosine_bce": {"title": "cosine BCE", "kind": "text_label"},
    "bce": {"title": "BCE", "kind": "supervised"},
    "zero_shot": {"title": "zero-shot", "kind": "zero_shot"},
}
SEEDS = (1, 2, 3)
# What a threshold rule adds to the scores of thresholds per label.
GAINS = {"fixed": -0.08, "one": -0.04, "one_macro": -0.03, "per_label": 0, "exact": 0.01, "joint": 0.02}
GAINS |= {"folds": 0.03, "shrunk": 0.04, "exact_top1": 0.05}
LINEAR_PROBE, KNN = 0.06, 0.07
NAMES = [f"label {n}" for n in range(12)]


def level(encoder, method):
    """Test micro-F1 under thresholds per label; macro-F1 is 0.1 below."""
    return 0.5 + 0.1 * list(ENCODERS).index(encoder) + 0.01 * list(METHODS).index(method)


def curve_rows(rule, macro):
    """Macro-F1 falls short of its end by the inverse of the number of validation documents."""
    for documents in (25, 50, 100):
        yield f"dbc_{rule}", "test", f"macro_f1@{documents}", macro - 1 / documents
    yield f"dbc_{rule}", "test", "macro_f1@all", macro


def threshold_rows(start):
    for rank, name in enumerate(NAMES):
        yield "dbc_exact", "validation", f"threshold@{name}", start + rank / 100


def run_rows(method, test, validation):
    kind = METHODS.get(method, {"kind": "text_label"})["kind"]
    if kind == "zero_shot":
        yield from score_rows("zero_shot", validation, test - 0.1)
        for rule in ("fixed", "one", "per_label", "exact"):
            yield from score_rows(f"zero_shot_{rule}", validation, test + GAINS[rule])
        return
    for rule, gain in GAINS.items():
        yield from score_rows(f"dbc_{rule}", validation, test + gain)
    if kind == "supervised":
        yield from score_rows("classifier", validation, test)
    else:
        yield from score_rows("linear_probe", 0.5, test + LINEAR_PROBE)
        yield from score_rows("knn", 0.5, test + KNN)
    for rule in ("one", "per_label", "exact", "folds", "shrunk"):
        yield from curve_rows(rule, test - 0.1 + GAINS[rule])
    yield from threshold_rows(0.5 if kind == "pretrained" else 0.2)


def add(parts, dataset, encoder, method, setting="a", validation=0.5, test=None):
    """Add the runs of three seeds a hundredth apart; an encoder as it came has one run."""
    for seed in SEEDS[:1] if method in ("pretrained", "zero_shot") else SEEDS:
        run = make_run(dataset, method, setting, seed, {"epochs": 10}, PAPER, encoder)
        value = level(encoder, method) if test is None else test
        change = 0 if method in ("pretrained", "zero_shot") else (seed - 2) / 100
        parts["runs"].append(run)
        parts["rows"] += metric_rows(run, run_rows(method, value + change, validation))


def make_parts(datasets=("own", "moods"), encoders=("mini", "gist")):
    """Return everything that the files of the study have; margin is best on validation, above all on GIST-small."""
    parts = {name: [] for name in ("runs", "rows", "comparisons", "inference", "neighbourhoods")}
    parts |= {"datasets": {name: DATASETS[name] for name in datasets}, "methods": dict(METHODS)}
    parts["encoders"] = {name: ENCODERS[name] for name in (*encoders, "nli")}
    for dataset in datasets:
        for encoder in encoders:
            for method in list(METHODS)[:-1]:
                best = {"mini": 0.55, "gist": 0.6}[encoder]
                add(parts, dataset, encoder, method, validation=best if method == "margin" else 0.5)
            parts["comparisons"] += comparison_rows(dataset, COMPARISONS, PAPER, encoder)
        add(parts, dataset, "nli", "zero_shot")
    return parts


@pytest.fixture
def parts():
    """A study of one dataset and one sentence encoder."""
    return make_parts(["moods"], ["mini"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    study = load(make_parts(["moods"]), tmp_path_factory.mktemp("study"))
    return {name: make(study, name) for name in TABLES}


def make(study, name):
    return table_maker(f"{PAPER}_{name}")(study)


def cell(table, row, dataset="moods", metric="macro_f1"):
    cells = table.cells
    found = cells[(cells.row == row) & (cells.dataset == dataset) & (cells.metric == metric)]
    assert len(found) == 1
    return found.iloc[0]


def rows_of(table):
    return list(table.cells.row.drop_duplicates())


# Table 1.


def test_rows_are_dbc_then_the_classifier_then_probes_per_encoder_and_zero_shot_last(tables):
    embedded = [
        *("untrained", "text to label", "decoupled text to label", "texts and labels", "margin", "cosine BCE"),
    ]
    variants = [*embedded, "fine-tuned classifier"]
    variants += [f"{name} + {probe}" for probe in ("linear probe", "kNN") for name in embedded]
    expected = [f"{encoder}: {variant}" for encoder in ("MiniLM-L6", "GIST-small") for variant in variants]
    expected += ["DeBERTa NLI: zero-shot NLI", "DeBERTa NLI: zero-shot NLI, per label"]
    assert rows_of(tables["table1"]) == expected


def test_trained_cells_have_the_mean_of_the_seeds_and_students_interval(tables):
    # GIST-small is 0.1 above MiniLM-L6, margin the fifth method: 0.5 + 0.1 + 0.04, macro-F1 0.1 below.
    macro, micro = (cell(tables["table1"], "GIST-small: margin", metric=name) for name in ("macro_f1", "micro_f1"))
    half = 4.302653 / math.sqrt(3)
    assert (macro["mean"], macro["std"], macro.seeds) == pytest.approx((54, 1, 3))
    assert (macro.low, macro.high, macro.interval) == (
        *(pytest.approx(54 - half), pytest.approx(54 + half)),
        "student_t",
    )
    assert micro["mean"] == pytest.approx(64)


def test_one_run_has_the_interval_over_documents(tables):
    for row, mean in (("MiniLM-L6: untrained", 40), ("DeBERTa NLI: zero-shot NLI", 57)):
        found = cell(tables["table1"], row)
        assert (found["mean"], found.low, found.high) == pytest.approx((mean, mean - 2, mean + 3))
        assert (found.interval, found.seeds) == ("bootstrap", 1)


def test_probes_and_classifier_show_their_own_protocols(tables):
    rows = ("margin", "margin + linear probe", "margin + kNN", "fine-tuned classifier", "untrained + kNN")
    found = [cell(tables["table1"], f"MiniLM-L6: {row}", metric="micro_f1")["mean"] for row in rows]
    assert found == pytest.approx([54, 60, 61, 56, 57])


def test_nothing_is_printed_and_the_caption_says_that_the_losses_are_ours(tables):
    for table in tables.values():
        assert table.cells.printed.isna().all()
        assert not any("printed" in column for group in lay_out(table).groups for column in group.columns)
        caption = full_caption(table)
        assert "Only the abstract of the paper is public" in caption
        assert "the losses are our reconstruction" in caption
        assert "text_label 10" in caption
        assert "  " not in caption


# The grid point.


def with_grid(parts):
    """A grid of margin: `micro` has the best micro-F1 on validation, `macro` the best macro-F1 per label."""
    parts = drop(parts, method="margin", encoder="mini")
    for setting, test in (("micro", 0.3), ("macro", 0.4), ("probe", 0.45)):
        add(parts, "moods", "mini", "margin", setting, test=test)
    best = {
        ("micro", "dbc_per_label", "micro_f1"): 0.9,
        ("micro", "dbc_exact", "macro_f1"): 0.9,
        ("macro", "dbc_per_label", "macro_f1"): 0.7,
        ("probe", "linear_probe", "micro_f1"): 0.9,
        ("probe", "knn", "macro_f1"): 0.9,
    }
    for row in parts["rows"]:
        if row["split"] == "validation":
            row["value"] = best.get((row["setting"], row["protocol"], row["metric"]), row["value"])
    return parts


def test_validation_macro_f1_under_thresholds_per_label_chooses_for_every_protocol(parts, tmp_path):
    study = load(with_grid(parts), tmp_path)
    table, rows = make(study, "table1"), ("margin", "margin + linear probe", "margin + kNN")
    found = [cell(table, f"MiniLM-L6: {row}", metric="micro_f1")["mean"] for row in rows]
    assert found == pytest.approx([40, 46, 47])
    one = cell(make(study, "table_rules"), "MiniLM-L6: margin, one threshold (micro-F1)", metric="micro_f1")
    assert one["mean"] == pytest.approx(36)


def test_a_grid_without_that_score_is_not_chosen_from(parts, tmp_path):
    parts = with_grid(parts)
    parts["rows"] = [row for row in parts["rows"] if row["method"] != "margin" or row["split"] != "validation"]
    found = cell(make(load(parts, tmp_path), "table1"), "MiniLM-L6: margin")
    assert math.isnan(found["mean"])
    assert found.note == "no validation macro-F1 (dbc_per_label) of method margin to choose a setting by"


def test_the_classifier_is_chosen_by_its_own_macro_f1(parts, tmp_path):
    add(parts, "moods", "mini", "bce", "better", validation=0.6, test=0.3)
    table = make(load(parts, tmp_path), "table1")
    assert cell(table, "MiniLM-L6: fine-tuned classifier", metric="micro_f1")["mean"] == pytest.approx(30)


# Threshold rules.


def test_every_rule_has_a_row_per_encoder_and_method_and_top_1_stands_apart(tables):
    rows = rows_of(tables["table_rules"])
    assert len(rows) == 2 * 6 * 9 + 5
    assert all(row.endswith("per label, exact + top 1") for row in rows[-12:])
    assert not any("top 1" in row for row in rows[:-12])
    assert rows[-17:-12] == [
        f"DeBERTa NLI: zero-shot NLI{rule}"
        for rule in ("", ", fixed", ", one threshold (micro-F1)", ", per label", ", per label, exact")
    ]
    assert [row.removeprefix("MiniLM-L6: untrained, ") for row in rows[:8]] == [
        *("fixed", "one threshold (micro-F1)", "one threshold (macro-F1)", "per label", "per label, exact"),
        *("per label, joint", "per label, folds", "per label, shrunk"),
    ]


def test_a_rule_shows_its_own_protocol(tables):
    values = [
        cell(tables["table_rules"], f"{row}, {rule}")["mean"]
        for row in ("MiniLM-L6: text to label", "DeBERTa NLI: zero-shot NLI")
        for rule in ("fixed", "per label", "per label, exact")
    ]
    assert values == pytest.approx([33, 41, 42, 59, 67, 68])
    shrunk, top = (
        cell(tables["table_rules"], f"MiniLM-L6: margin, per label, {rule}") for rule in ("shrunk", "exact + top 1")
    )
    assert (shrunk["mean"], top["mean"]) == pytest.approx((48, 49))
    assert cell(tables["table_rules"], "DeBERTa NLI: zero-shot NLI")["mean"] == pytest.approx(57)
    assert "fine-tuned" not in to_markdown(tables["table_rules"]).split("Test split.")[0]


def test_rules_are_shown_for_what_was_run_or_else_for_all_with_the_reason(parts, tmp_path):
    parts = drop(parts, method="margin", encoder="mini")
    rows = rows_of(make(load(parts, tmp_path), "table_rules"))
    assert len(rows) == 5 * 9 + 5
    assert not any(row.startswith("MiniLM-L6: margin") for row in rows)
    for method in METHODS:
        parts = parts if method == "bce" else drop(parts, method=method)
    table = make(load(parts, tmp_path), "table_rules")
    assert table.cells["mean"].isna().all()
    note = "method margin has no run for push_pull on this dataset and encoder in study quick"
    assert cell(table, "MiniLM-L6: margin, fixed").note == note


# Trained minus untrained.


def test_what_is_compared_is_training_then_the_variants():
    assert [(row.name, against.name) for against, row in COMPARISONS] == [
        ("text to label", "untrained"),
        ("decoupled text to label", "untrained"),
        ("texts and labels", "untrained"),
        ("margin", "untrained"),
        ("cosine BCE", "untrained"),
        ("decoupled text to label", "text to label"),
        ("cosine BCE", "margin"),
    ]
    assert {side.protocol for pair in COMPARISONS for side in pair} == {"dbc_per_label"}


def test_a_gain_is_shown_in_points_with_its_interval(tables):
    # The fourth comparison: 3 points better in micro-F1 with [0.5, 5], as much worse in macro-F1.
    row = "GIST-small: margin vs GIST-small: untrained"
    found = cell(tables["table_ladder"], row, metric="micro_f1")
    assert (found["mean"], found.low, found.high) == pytest.approx((3.0, 0.5, 5.0))
    line = next(line for line in to_markdown(tables["table_ladder"]).splitlines() if line.startswith(f"| {row} |"))
    assert "| +3.00*<br>[0.50, 5.00] | −3.00*<br>[−5.50, −1.00] |" in line
    assert len(rows_of(tables["table_ladder"])) == 2 * 7


def test_decisions_under_thresholds_per_label_are_compared(tmp_path):
    generator = np.random.default_rng(0)
    truth = generator.random((12, 3)) < 0.5
    names = ["grain", "earn", "ship"]
    listed = pa.array([[names[n] for n in np.flatnonzero(row)] for row in truth], type=pa.list_(pa.string()))
    (tmp_path / "own").mkdir()
    pq.write_table(
        pa.table({"id": [*map(str, range(12))], "text": ["x"] * 12, "labels": listed}), tmp_path / "own/test.parquet"
    )
    parts = {name: [] for name in ("runs", "rows")} | {"methods": METHODS}
    parts |= {"datasets": {"own": DATASETS["own"]}, "encoders": {"mini": ENCODERS["mini"]}}
    for method in ("pretrained", "margin"):
        add(parts, "own", "mini", method)
    scores = {}
    for run in parts["runs"]:
        run["path"] = str(tmp_path / run["path"])
        decided = truth ^ (generator.random(truth.shape) < 0.3)
        rules = {"per_label": (truth, decided), "exact": (truth, ~decided)}
        write_decisions(f"{run['path']}/dbc", rules)
        scores.setdefault(run["method"], []).append(f1_score(truth, decided, average="macro", zero_division=0))
    study = load(parts, tmp_path)
    study.cards["own"]["labels"] = [{"name": name} for name in names]
    found = comparisons.compare(study, {"own": tmp_path / "own"}).set_index(["row", "against", "metric"])
    gain = found.loc["margin", "untrained", "macro_f1"]
    assert len(found) == 2
    assert gain.difference == pytest.approx(np.mean(scores["margin"]) - scores["pretrained"][0])
    assert (gain.seeds, import_module(comparisons.MODULES[PAPER]).PREFERRED) == (3, {})


# What is missing, and what is one's own.


def test_methods_and_encoders_that_were_not_run_are_dashes_with_a_reason(parts, tmp_path):
    parts = drop(drop(parts, method="cosine_bce"), method="zero_shot")
    del parts["methods"]["zero_shot"]
    parts["comparisons"] = [row for row in parts["comparisons"] if row["row"] != "cosine BCE"]
    study = load(parts, tmp_path)
    note = "method cosine_bce has no run for push_pull on this dataset and encoder in study quick"
    table = make(study, "table1")
    assert cell(table, "MiniLM-L6: cosine BCE").note == note
    assert cell(table, "MiniLM-L6: cosine BCE + kNN").note == note
    assert cell(make(study, "table_ladder"), "MiniLM-L6: cosine BCE vs MiniLM-L6: margin").note == note
    assert cell(table, "zero-shot NLI").note == "method zero_shot is not in study quick"
    assert cell(table, "MiniLM-L6: margin")["mean"] == pytest.approx(44)


def test_a_skipped_zero_shot_run_says_so(parts, tmp_path):
    parts["rows"] = [row for row in parts["rows"] if row["method"] != "zero_shot"]
    found = cell(make(load(parts, tmp_path), "table1"), "DeBERTa NLI: zero-shot NLI")
    assert math.isnan(found["mean"])
    assert found.note == "zero-shot was skipped, its model could not be had: run.json of the run says why"


def test_a_protocol_that_was_not_measured_says_so(parts, tmp_path):
    parts["rows"] = [row for row in parts["rows"] if row["protocol"] not in ("knn", "dbc_joint")]
    study = load(parts, tmp_path)
    note = "protocol knn has not been measured for method margin"
    assert cell(make(study, "table1"), "MiniLM-L6: margin + kNN").note == note
    note = "protocol dbc_joint has not been measured for method pretrained"
    assert cell(make(study, "table_rules"), "MiniLM-L6: untrained, per label, joint").note == note


@pytest.mark.parametrize("name", TABLES)
def test_a_study_without_runs_has_empty_tables(tmp_path, name):
    parts = make_parts([], []) | {"datasets": DATASETS}
    table = make(load(parts, tmp_path), name)
    assert table.cells.empty
    assert "Push and Pull" in to_markdown(table)
    assert r"\bottomrule" in to_latex(table)


def test_a_loss_and_a_classifier_of_ones_own_are_further_rows(parts, tmp_path):
    parts["methods"] |= {
        "mine": {"title": "my loss", "kind": "text_label"},
        "focal": {"title": "focal", "kind": "supervised"},
    }
    for name in ("runs", "rows"):
        parts[name] += [item | {"method": "mine"} for item in parts[name] if item["method"] == "cosine_bce"]
        parts[name] += [item | {"method": "focal"} for item in parts[name] if item["method"] == "bce"]
    study = load(parts, tmp_path)
    table = make(study, "table1")
    found = [cell(table, f"MiniLM-L6: {row}")["mean"] for row in ("my loss", "focal", "my loss + linear probe")]
    assert found == pytest.approx([45, 46, 51])
    assert "MiniLM-L6: my loss, per label, folds" in rows_of(make(study, "table_rules"))
    assert len(rows_of(table)) == len(set(rows_of(table))) == 23 + 2


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_has_a_value_or_a_reason_and_every_form_even_rows(tables, name):
    cells = tables[name].cells
    assert not cells.duplicated(["row", "dataset", "metric"]).any()
    assert ((cells.note != "") == cells["mean"].isna()).all()
    lines = [line for line in to_markdown(tables[name]).splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert len(lines) == 2 + len(rows_of(tables[name]))
    assert to_latex(tables[name]).isascii()
