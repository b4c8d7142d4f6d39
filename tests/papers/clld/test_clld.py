import math
import re

import numpy as np
import pytest
from clld_study import ABLATED, DATASETS, ENCODERS, add, cell, make, make_parts
from knn_mltc_study import drop, load
from pushpull.papers.clld.rows import PAPER, base_models
from pushpull.report.overview import main_table
from pushpull.report.report import missing_cells
from pushpull.tables.cells import COLUMNS
from pushpull.tables.latex import to_latex
from pushpull.tables.printed import printed_values
from pushpull.tables.rendering import full_caption, lay_out, to_markdown
from table_checks import assert_even_rows, assert_value_or_reason, rows_of, tables_of

TABLES = tables_of(PAPER)
NO_MODEL = "no encoder of study quick stands for this base model; name one with `printed_as` in config.yaml"
MISPRINT = "printed 97.0: likely misprint of 87.0"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return load(make_parts(), tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def tables(study):
    return {name: make(study, name) for name in TABLES}


@pytest.fixture(scope="module")
def printed_study(tmp_path_factory):
    """A study with every dataset and base model that the paper prints, and no others; all methods everywhere."""
    names = ("20NG", "TREC-6", "R8", "R52", "MR")
    datasets = {
        f"set{n}": {"title": name, "task": "single", "printed_as": {PAPER: name}} for n, name in enumerate(names)
    }
    encoders = ENCODERS | {"small": {"title": "BERT-base", "printed_as": {PAPER: "BERT"}}}
    everywhere = {(dataset, encoder) for dataset in datasets for encoder in encoders}
    return load(make_parts(datasets, encoders, everywhere), tmp_path_factory.mktemp("printed"))


# Table 2.


def test_a_row_per_base_model_alone_and_with_clld_in_the_order_of_print_then_our_own(study, tables):
    assert base_models(study) == {"BERT": "", "ALBERT": "light", "TextCNN": "words", "MiniLM-L6": "small"}
    assert rows_of(tables["table2"]) == [
        *("BERT", "BERT+CLLD", "ALBERT", "ALBERT+CLLD", "TextCNN", "TextCNN+CLLD", "MiniLM-L6", "MiniLM-L6+CLLD")
    ]


def test_accuracy_stands_beside_the_print_and_macro_f1_in_a_further_column(tables):
    alone, with_clld = (cell(tables["table2"], row) for row in ("TextCNN", "TextCNN+CLLD"))
    assert (alone["mean"], with_clld["mean"]) == pytest.approx((65, 67))
    assert (alone.printed, with_clld.printed) == (78.8, 80.0)
    assert with_clld.difference == pytest.approx(67 - 80)
    half = 4.302653 / math.sqrt(3)
    assert (with_clld.low, with_clld.high, with_clld.seeds) == pytest.approx((67 - half, 67 + half, 3))
    macro = cell(tables["table2"], "TextCNN+CLLD", metric="macro_f1")
    assert (macro["mean"], math.isnan(macro.printed)) == (pytest.approx(57), True)
    assert "| TextCNN | 65.00 ± 1.00<br>[62.52, 67.48] |" in to_markdown(tables["table2"])


def test_every_printed_value_has_a_cell_beside_a_value_of_ours(printed_study):
    ours = {facts["printed_as"][PAPER]: key for key, facts in printed_study.info["datasets"].items()}
    for name, model in (("table2", ""), ("table3", "BERT ")):
        table, printed = make(printed_study, name), printed_values(PAPER, name)
        for value in printed.itertuples():
            found = cell(table, model + value.row, ours[value.dataset], value.metric)
            assert found.printed == value.value
            assert found.difference == pytest.approx(found["mean"] - value.value)
            assert not math.isnan(found["mean"])
        assert table.cells.printed.notna().sum() == len(printed) + (name == "table2")


@pytest.mark.parametrize(("name", "count"), [("table2", 30), ("table3", 4)])
def test_no_printed_value_is_lost_where_the_study_lacks_its_dataset_or_base_model(study, tmp_path, name, count):
    for found in (study, load(make_parts({}, {}), tmp_path)):
        assert make(found, name).cells.printed.notna().sum() == count


def test_a_study_of_one_seed_has_the_bounds_of_micro_f1(tmp_path):
    parts = make_parts()
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if item["seed"] == 2]
    found = cell(make(load(parts, tmp_path), "table2"), "TextCNN")
    assert (found["mean"], found.low, found.high) == pytest.approx((65, 63, 68))
    assert found.interval == "bootstrap"


def test_validation_chooses_the_grid_point(tmp_path):
    parts = make_parts()
    add(parts, "groups", "words", "clld", "better", validation=0.6, test=0.3)
    add(parts, "groups", "words", "clld", "worse", validation=0.4, test=0.9)
    study = load(parts, tmp_path)
    assert cell(make(study, "table2"), "TextCNN+CLLD")["mean"] == pytest.approx(30)
    assert cell(make(study, "table3"), "TextCNN CT+CLSLD")["mean"] == pytest.approx(30)


# The misprint.


def test_the_misprint_is_shown_with_a_note_and_without_a_difference(tables):
    found = cell(tables["table2"], "ALBERT+CLLD", "reviews")
    assert (found["mean"], found.printed) == (pytest.approx(72), 97.0)
    assert math.isnan(found.difference)
    assert found.printed_note.startswith(MISPRINT)
    assert list(tables["table2"].cells.columns) == [*COLUMNS, "printed_note"]
    assert (tables["table2"].cells.printed_note != "").sum() == 1
    assert cell(tables["table2"], "ALBERT", "reviews").difference == pytest.approx(70 - 86.6)


def test_the_misprint_is_marked_in_every_form(tables):
    markdown, latex = to_markdown(tables["table2"]), to_latex(tables["table2"])
    line = next(line for line in markdown.splitlines() if line.startswith("| ALBERT+CLLD |"))
    number = re.search(r"\| 97\.00<sup>(\d)</sup> \| – \|", line).group(1)
    assert f"<sup>{number}</sup> {MISPRINT}" in markdown
    number = re.search(r"ALBERT\+CLLD & .* & 97\.00\$\^\{(\d)\}\$ &", latex).group(1)
    assert f"$^{{{number}}}${MISPRINT}" in latex
    words = [word for group in lay_out(tables["table2"]).groups for line in group.cells for word in line]
    assert [word.text for word in words if word.mark and word.text != "–"] == ["97.00"]


def test_the_misprint_is_marked_where_the_study_lacks_its_dataset(tmp_path):
    table = make(load(make_parts({"groups": DATASETS["groups"]}), tmp_path), "table2")
    found = cell(table, "ALBERT+CLLD", "MR")
    assert (found.printed, math.isnan(found["mean"])) == (97.0, True)
    assert found.printed_note.startswith(MISPRINT)
    assert MISPRINT in to_markdown(table)


# Table 3.


def test_the_ablation_stands_beside_the_print_of_bert_only(tables):
    table = tables["table3"]
    variants = ["CT", "CT+CL", "CT+CLSLD", "CT+CLALD", "CT+CLSLD, every pair (ours)"]
    ours = [cell(table, f"TextCNN {variant}") for variant in variants]
    assert [found["mean"] for found in ours] == pytest.approx([65, 66, 67, 68, 69])
    assert np.isnan([found.printed for found in ours]).all()
    bert = [cell(table, f"BERT {variant}") for variant in variants]
    assert [found.printed for found in bert[:4]] == [85.30, 86.30, 86.60, 86.56]
    assert math.isnan(bert[4].printed)
    assert {found.note for found in bert} == {NO_MODEL}


def test_the_ablation_is_shown_where_it_was_run_and_on_the_printed_dataset(tables):
    table = tables["table3"]
    assert set(table.cells.dataset) == {"own", "groups"}
    assert cell(table, "MiniLM-L6 CT+CLALD", "own")["mean"] == pytest.approx(63)
    note = "method clld_adaptive has no run for clld on this dataset and encoder in study quick"
    assert cell(table, "ALBERT CT+CLALD", "groups").note == note
    assert cell(table, "TextCNN CT", "own")["mean"] == pytest.approx(65)
    assert "MR" not in to_markdown(table)


def test_a_method_of_ones_own_is_a_further_row_of_the_ablation(tmp_path):
    parts = make_parts()
    parts["methods"]["mine"] = {"title": "CLLD & mine", "kind": "label_distance"}
    for name in ("runs", "rows"):
        parts[name] += [item | {"method": "mine"} for item in parts[name] if item["method"] == "clld_constant"]
    table = make(load(parts, tmp_path), "table3")
    assert cell(table, "TextCNN, CLLD & mine")["mean"] == pytest.approx(66)


# What is missing says why.


def test_a_printed_base_model_without_an_encoder_is_a_dash_with_the_next_step(tables):
    for name, row in (("table2", "BERT+CLLD"), ("table3", "BERT CT+CL"), ("table_ladder", "BERT CT+CL vs BERT CT")):
        found = cell(tables[name], row)
        assert math.isnan(found["mean"])
        assert not math.isnan(found.printed)
        assert found.note == NO_MODEL


def test_a_printed_dataset_that_is_not_in_the_study_says_so(tables):
    note = "R52 is not in study quick; add it to config.yaml or run a study that has it"
    for name in ("table2", "table_ladder"):
        cells = tables[name].cells
        assert set(cells.note[cells.dataset == "R52"]) == {note}
    assert (tables["table2"].title, "R52", note) in missing_cells([tables["table2"]])


def test_a_method_without_runs_says_so(tmp_path):
    parts = drop(make_parts() | {"inference": [], "neighbourhoods": []}, method="clld", dataset="groups")
    parts = drop(parts, method="clld", encoder="words")
    parts["comparisons"] = [row for row in parts["comparisons"] if row["row"] != "CT+CLSLD"]
    study = load(parts, tmp_path)
    note = "method clld has no run for clld on this dataset and encoder in study quick"
    assert cell(make(study, "table2"), "TextCNN+CLLD").note == note
    assert cell(make(study, "table_ladder"), "TextCNN CT+CLSLD vs TextCNN CT").note == note
    assert cell(make(study, "table2"), "TextCNN")["mean"] == pytest.approx(65)


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_has_a_value_or_a_reason(tables, name):
    assert_value_or_reason(tables[name])


# How tables are read.


@pytest.mark.parametrize("name", TABLES)
def test_every_form_has_even_rows(tables, name):
    assert_even_rows(tables[name])


def test_the_caption_names_base_models_accuracy_and_epochs(tables):
    for name in TABLES:
        caption = full_caption(tables[name])
        for fact in (
            "TextCNN is Word CNN",
            "micro-F1 of documents with one class each.",
            "label_distance 50",
            "3 seeds",
        ):
            assert fact in caption
        assert "  " not in caption


def test_a_multi_label_dataset_is_told_apart(tmp_path):
    parts = make_parts()
    parts["datasets"]["own"] = {"title": "My reports", "task": "multi"}
    caption = make(load(parts, tmp_path), "table2").caption
    assert "one class each; so it is micro-F1 on My reports, where they may have several." in caption


def test_the_headline_has_the_own_classifier_of_every_method(study):
    cells = main_table(study, PAPER).cells
    found = cells[(cells.row == "CLLD, adaptive") & (cells.metric == "micro_f1") & cells["mean"].notna()]
    assert {(row.dataset, row.encoder) for row in found.itertuples()} == ABLATED
