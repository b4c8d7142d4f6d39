import math

import numpy as np
import pytest
from knn_mltc_study import DATASETS, ENCODERS, PAPER, SEEDS, cell, drop, load, make, make_parts, run_rows
from pushpull.papers.knn_mltc.rows import base_models
from pushpull.report.overview import main_table, overview_table
from pushpull.report.report import missing_cells
from pushpull.tables.latex import to_latex
from pushpull.tables.printed import printed_values
from pushpull.tables.rendering import full_caption, lay_out, to_markdown
from synthetic_study import make_run, metric_rows
from table_checks import assert_even_rows, assert_value_or_reason, rows_of, tables_of

TABLES = tables_of(PAPER)
BY_MODEL = TABLES[1:]
NO_BERT = "no encoder of study quick stands for this base model; name one with `printed_as` in config.yaml"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return load(make_parts(), tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def printed_study(tmp_path_factory):
    """A study with every dataset and base model that the paper prints, and no others."""
    aapd, rcv1 = DATASETS["aapd_usual"], {"title": "RCV1 (usual split)", "printed_as": {PAPER: "RCV1-V2"}}
    encoders = ENCODERS | {"minilm": {"title": "MiniLM-L6", "printed_as": {PAPER: "BERT"}}}
    parts = make_parts({"aapd_usual": aapd, "rcv1_usual": rcv1}, encoders)
    return load(parts, tmp_path_factory.mktemp("printed"))


@pytest.fixture(scope="module")
def tables(study):
    return {name: make(study, name) for name in TABLES}


def one_dataset(**encoders):
    return make_parts({"aapd_usual": DATASETS["aapd_usual"]}, encoders or ENCODERS)


# Which row meets which printed value.


@pytest.mark.parametrize("name", TABLES[:-1])
def test_every_printed_value_has_a_cell_beside_a_value_of_ours(printed_study, name):
    table, printed = make(printed_study, name), printed_values(PAPER, name)
    ours = {"AAPD": "aapd_usual", "RCV1-V2": "rcv1_usual"}
    for value in printed.itertuples():
        row = ours[value.dataset] if name == "table2" else value.row
        found = cell(table, row, ours[value.dataset], value.metric)
        assert found.printed == value.value
        assert found.difference == pytest.approx(found["mean"] - value.value)
        assert not math.isnan(found["mean"])
    assert table.cells.printed.notna().sum() == len(printed)


@pytest.mark.parametrize("name", TABLES[:-1])
def test_no_printed_value_is_lost_where_the_study_lacks_its_dataset_or_base_model(study, tmp_path, name):
    printed = sorted(printed_values(PAPER, name).value)
    for found in (study, load(make_parts({}, {}), tmp_path)):
        assert sorted(make(found, name).cells.printed.dropna()) == printed


def test_rows_are_the_base_models_of_the_paper_then_our_own(study, tables):
    assert base_models(study) == {"CNN": "words", "LDGN": "graph", "BERT": "", "MiniLM-L6": "minilm"}
    assert rows_of(tables["table3"]) == [
        *("CNN", "CNN+ours", "LDGN", "LDGN+ours", "BERT", "BERT+ours", "MiniLM-L6", "MiniLM-L6+ours")
    ]
    assert set(tables["table4"].cells.encoder) == {"words", "graph", "minilm", ""}


def test_of_several_encoders_with_a_name_the_second_goes_by_its_title_the_third_by_its_key(tmp_path):
    further = {"title": "CNN with GloVe", "printed_as": {PAPER: "CNN"}}
    study = load(one_dataset(words=ENCODERS["words"], graph=further, minilm=further), tmp_path)
    named = {"CNN": "words", "LDGN": "", "BERT": "", "CNN with GloVe": "graph", "minilm": "minilm"}
    assert base_models(study) == named
    assert "Base models: CNN is Word CNN; minilm is CNN with GloVe." in make(study, "table4").caption


def test_the_four_rows_of_the_ablation_by_hand(tables):
    # The CNN alone has 60; kNN adds 2; at weight 0.1 the contrastive term adds 1, and with kNN 3 more.
    table = tables["table4"]
    ours = {row: cell(table, row) for row in ("CNN", "CNN+kNN", "CNN+CL", "CNN+CL+kNN")}
    assert [found["mean"] for found in ours.values()] == pytest.approx([60, 62, 61, 65])
    assert [found.printed for found in ours.values()] == [69.60, 70.19, 69.43, 71.69]
    whole = ours["CNN+CL+kNN"]
    assert (whole["std"], whole.seeds, whole.interval, whole.encoder) == (pytest.approx(1), 3, "student_t", "words")
    half = 4.302653 / math.sqrt(3)
    assert (whole.low, whole.high) == pytest.approx((65 - half, 65 + half))
    assert cell(table, "MiniLM-L6+CL+kNN")["mean"] == pytest.approx(75)


def test_the_main_table_has_the_hamming_loss_as_a_fraction(tables):
    found = cell(tables["table3"], "LDGN+ours", metric="hamming_loss")
    # The synthetic loss is a tenth of the error, 0.3.
    assert (found["mean"], found.printed) == (pytest.approx(0.03), 0.02296)
    assert "0.03000 ± 0.00100" in to_markdown(tables["table3"])


def test_with_beta_is_the_row_with_both_of_the_ablation(tables):
    table = tables["table5"]
    assert cell(table, "CNN with beta")["mean"] == cell(tables["table4"], "CNN+CL+kNN")["mean"]
    found = cell(table, "CNN without beta")
    assert (found["mean"], found.printed) == (pytest.approx(62), 71.19)


def test_shared_labels_in_both_readings_in_percent(tables):
    table = tables["table6"]
    found = cell(table, "LDGN with CL", metric="shared_label_proportion")
    assert (found["mean"], found.printed) == (pytest.approx(70), 64.2)
    assert cell(table, "LDGN without CL", metric="shared_label_proportion")["mean"] == pytest.approx(60)
    other = cell(table, "LDGN with CL", metric="shared_label_proportion_per_neighbour")
    assert other["mean"] == pytest.approx(68)
    assert math.isnan(other.printed)


def test_corpus_statistics_are_of_all_splits_together(tmp_path):
    study = load(one_dataset(), tmp_path)
    splits = study.cards["aapd_usual"]["splits"]
    splits["train"] |= {"labels_per_document": 4.0}
    splits["validation"] |= {"labels_per_document": 1.0}
    splits["test"] |= {"documents": 1000, "labels_per_document": 2.0}
    table = make(study, "table2")
    found = {metric: cell(table, "aapd_usual", metric=metric) for metric in ("documents", "labels_per_document")}
    assert (found["documents"]["mean"], found["documents"].printed) == (2000, 55840)
    assert found["labels_per_document"]["mean"] == pytest.approx((900 * 4 + 100 * 1 + 1000 * 2) / 2000)


# Which grid point is shown.


def test_both_rows_with_the_contrastive_term_show_the_runs_that_validation_with_knn_prefers(study, tmp_path):
    # Weight 1 is best on test, and on validation without kNN: had either a say, the rows were 65 and 67.
    table = make(study, "table4")
    assert [cell(table, row)["mean"] for row in ("CNN+CL", "CNN+CL+kNN")] == pytest.approx([61, 65])
    parts = one_dataset()
    for row in parts["rows"]:
        if (row["protocol"], row["split"], row["setting"]) == ("knn_mixed", "validation", "w0.01"):
            row["value"] = 0.99
    table = make(load(parts, tmp_path), "table4")
    assert [cell(table, row)["mean"] for row in ("CNN+CL", "CNN+CL+kNN")] == pytest.approx([60, 62])


def test_both_rows_without_it_show_the_runs_that_validation_of_the_model_alone_prefers(tmp_path):
    parts = one_dataset()
    for seed in SEEDS:
        run = make_run("aapd_usual", "bce", "other", seed, {"epochs": 5}, PAPER, "words")
        parts["runs"].append(run)
        rows = [(protocol, split, metric, 0.9) for protocol, split, metric, _ in run_rows("words", "bce", 0.1, seed)]
        rows = [row if row[:2] != ("knn_mixed", "validation") else (*row[:3], 0.1) for row in rows]
        parts["rows"] += metric_rows(run, rows)
    table = make(load(parts, tmp_path), "table4")
    assert [cell(table, row)["mean"] for row in ("CNN", "CNN+kNN")] == pytest.approx([90, 90])


def test_a_method_of_ones_own_is_a_further_row_of_the_ablation(tmp_path):
    parts = one_dataset()
    parts["methods"]["own"] = {"title": "BCE + mine", "kind": "joint"}
    own = [item | {"method": "own"} for item in parts["rows"] if item["method"] == "joint_binary"]
    parts["rows"] += own
    parts["runs"] += [run | {"method": "own"} for run in parts["runs"] if run["method"] == "joint_binary"]
    study = load(parts, tmp_path)
    table = make(study, "table4")
    ours = [cell(table, row) for row in ("LDGN, BCE + mine", "LDGN, BCE + mine+kNN")]
    assert [found["mean"] for found in ours] == pytest.approx([65, 67])
    assert np.isnan([found.printed for found in ours]).all()
    assert not make(study, "table5").cells.row.str.contains("mine").any()


# Sizes and times.


def test_gigabytes_and_megabytes_are_powers_of_two(tables):
    table = tables["table7"]
    # Half of 2^30 bytes for the second encoder.
    found = cell(table, "LDGN", metric="datastore_disk_usage")
    assert (found["mean"], found.printed, found.difference) == (0.5, 0.11, pytest.approx(0.39))
    values = [cell(table, "LDGN", metric=name)["mean"] for name in ("datastore_megabytes", "model_megabytes")]
    assert values == [512, 4]
    assert cell(table, "LDGN", metric="documents")["mean"] == 900


def test_times_one_by_one_stand_beside_the_print_and_batched_ones_in_a_further_column(tables):
    table = tables["table8"]
    single = [cell(table, f"CNN {way} kNN", metric="inference_time") for way in ("without", "with")]
    batched = [cell(table, f"CNN {way} kNN", metric="inference_time_batched") for way in ("without", "with")]
    assert [(found["mean"], found.printed) for found in single] == [(4.0, 3.18), (4.5, 3.25)]
    assert [found["mean"] for found in batched] == pytest.approx([0.3, 0.4])
    assert np.isnan([found.printed for found in batched]).all()


def test_the_device_is_named(study, tmp_path):
    assert "Milliseconds per text, on cpu X;" in make(study, "table8").caption
    assert "on this machine;" in make(load(make_parts({}, {}), tmp_path), "table8").caption


# What is missing says why.


def test_a_printed_base_model_without_an_encoder_is_a_dash_with_the_next_step(tables):
    for name, row, metric in (
        ("table4", "BERT+kNN", "micro_f1"),
        ("table7", "BERT", "datastore_disk_usage"),
        ("table8", "BERT with kNN", "inference_time"),
        ("table_ladder", "BERT+kNN vs BERT", "micro_f1"),
    ):
        found = cell(tables[name], row, metric=metric)
        assert math.isnan(found["mean"])
        assert not math.isnan(found.printed)
        assert found.note == NO_BERT


def test_a_printed_dataset_that_is_not_in_the_study_says_so(tables):
    note = "RCV1-V2 is not in study quick; add it to config.yaml or run a study that has it"
    for name in BY_MODEL:
        cells = tables[name].cells
        assert set(cells.note[cells.dataset == "RCV1-V2"]) == {note}
    assert (tables["table4"].title, "RCV1-V2", note) in missing_cells([tables["table4"]])


def test_a_base_model_without_runs_or_times_on_a_dataset_says_so(tmp_path):
    parts = drop(make_parts(), encoder="graph", dataset="aapd_usual")
    study = load(drop(parts, method="joint_binary"), tmp_path)
    note = "method bce has no run for knn_mltc on this dataset and encoder in study quick"
    assert cell(make(study, "table4"), "LDGN").note == note
    assert cell(make(study, "table4"), "LDGN", "generated")["mean"] == pytest.approx(65)
    note = "inference has not been measured for this dataset and encoder in study quick"
    assert cell(make(study, "table8"), "LDGN with kNN", metric="inference_time").note == note
    note = "method joint_binary has no run for knn_mltc on this dataset and encoder in study quick"
    assert cell(make(study, "table5"), "CNN without beta").note == note


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_has_a_value_or_a_reason(tables, name):
    assert_value_or_reason(tables[name])


# How tables are read.


def test_column_groups_are_the_datasets(tables):
    for name in BY_MODEL:
        titles = [group.title for group in lay_out(tables[name]).groups]
        assert titles == ["Long_tail & demo", "AAPD (usual split)", "RCV1-V2"]
    assert r"\multicolumn{3}{l}{\textbf{AAPD (usual split)}}" in to_latex(tables["table4"])


@pytest.mark.parametrize("name", TABLES)
def test_every_form_has_even_rows(tables, name):
    assert_even_rows(tables[name])


def test_the_caption_names_base_models_neighbour_settings_and_the_choice(tables):
    caption = full_caption(tables["table4"])
    for fact in (
        "Base models: CNN is Word CNN.",
        "kNN: k = 10, temperature = 1.0, λ = 0.5; AAPD (usual split): k = 5.",
        "+CL and +CL+kNN those with the best validation micro-F1 of +CL+kNN",
        "3 seeds in every cell",
    ):
        assert fact in caption
    assert "one run each" in full_caption(tables["table8"])


def test_the_overview_has_the_mixed_protocol_and_the_headline_the_own_classifier(study):
    rows = set(overview_table(study, PAPER).cells.row)
    assert {"BCE, kNN, mixed", "BCE, kNN", "BCE + L_con, classifier"} <= rows
    cells = main_table(study, PAPER).cells
    found = cells[(cells.row == "BCE + L_con, 0/1") & (cells.metric == "micro_f1") & (cells.encoder == "words")]
    assert found["mean"].tolist() == pytest.approx([60, 60])
