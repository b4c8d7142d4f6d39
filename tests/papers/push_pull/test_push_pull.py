import math

import pytest
from knn_mltc_study import drop, load
from push_pull_study import DATASETS, METHODS, add, cell, make, make_parts
from pushpull.papers.push_pull.rows import PAPER
from pushpull.tables.latex import to_latex
from pushpull.tables.rendering import full_caption, lay_out, to_markdown
from table_checks import assert_value_or_reason, markdown_rows, rows_of, tables_of

TABLES = tables_of(PAPER)


@pytest.fixture
def parts():
    """A study of one dataset and one sentence encoder."""
    return make_parts(["moods"], ["mini"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    study = load(make_parts(["moods"]), tmp_path_factory.mktemp("study"))
    return {name: make(study, name) for name in TABLES}


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
    rules = ["fixed", "one threshold (micro-F1)", "one threshold (macro-F1)", "per label", "per label, exact"]
    rules += ["per label, joint", "per label, folds", "per label, shrunk"]
    assert len(rows) == 2 * 6 * 9 + 9
    assert all(row.endswith("per label, exact + top 1") for row in rows[-12:])
    assert not any("top 1" in row for row in rows[:-12])
    zero_shot = "DeBERTa NLI: zero-shot NLI"
    assert rows[-21:-12] == [zero_shot, *(f"{zero_shot}, {rule}" for rule in rules)]
    assert [row.removeprefix("MiniLM-L6: untrained, ") for row in rows[:8]] == rules


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
    assert len(rows) == 5 * 9 + 9
    assert not any(row.startswith("MiniLM-L6: margin") for row in rows)
    for method in METHODS:
        parts = parts if method == "bce" else drop(parts, method=method)
    table = make(load(parts, tmp_path), "table_rules")
    assert table.cells["mean"].isna().all()
    note = "method margin has no run for push_pull on this dataset and encoder in study quick"
    assert cell(table, "MiniLM-L6: margin, fixed").note == note


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
    assert_value_or_reason(tables[name])
    assert len(markdown_rows(tables[name])) == 2 + len(rows_of(tables[name]))
    assert to_latex(tables[name]).isascii()
