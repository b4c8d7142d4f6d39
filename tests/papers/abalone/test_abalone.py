from importlib import import_module
from itertools import product

import numpy as np
import pytest
from pushpull.errors import InputError
from pushpull.papers import artefacts, figure_caption, is_table, maker, papers, part, source
from pushpull.papers.abalone.rows import PAPER
from pushpull.tables.cells import COLUMNS
from pushpull.tables.printed import printed_values
from synthetic_study import clustering_rows, make_run, metric_rows, score_rows
from table_checks import find_cell


def without(parts, **key):
    """Drop the runs (and their metrics) that agree with all of `key`."""
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if any(item[k] != v for k, v in key.items())]
    return parts


def printed_study(parts, build):
    """The study with a dataset for each of those that the paper prints."""
    copies = {"rcv1": "RCV1-v2", "uk_lex": "UK-LEX"}
    for name in ("runs", "rows"):
        ours = [item for item in parts[name] if item["dataset"] == "aapd"]
        parts[name] += [item | {"dataset": copy} for copy in copies for item in ours]
    parts["datasets"] |= {copy: {"title": copy, "printed_as": {PAPER: printed}} for copy, printed in copies.items()}
    return build(parts)


@pytest.mark.parametrize("name", ["table1", "table2", "table3", "table4"])
def test_every_printed_value_has_a_cell_beside_a_value_of_ours(parts, build, name):
    study = printed_study(parts, build)
    ours = {study.printed_as(dataset, PAPER): dataset for dataset in study.info["datasets"]}
    table = maker(f"abalone_{name}")(study)
    printed = printed_values(PAPER, name)
    assert len(printed) > 10
    for value in printed.itertuples():
        found = find_cell(
            table, ours[value.dataset] if name == "table1" else value.row, ours[value.dataset], value.metric
        )
        assert found.printed == value.value
        assert found.difference == pytest.approx(found["mean"] - value.value)
        assert found["mean"] == found["mean"]
    assert table.cells.printed.notna().sum() == len(printed)


def test_every_artefact_has_its_maker():
    assert set(papers()) == {"abalone", "clld", "knn_mltc", "push_pull"}
    for paper in papers():
        declared = part(paper, "rows")
        assert declared.COMPARISONS
        assert set(declared.SHOWN) == set(artefacts(paper))
        for name in artefacts(paper):
            module, _, function = source(f"{paper}_{name}").partition(":")
            assert callable(getattr(import_module(f"pushpull.{module}"), function))
            assert callable(maker(f"{paper}_{name}"))
            assert is_table(f"{paper}_{name}") == name.startswith("table")
            assert name.startswith("table") or figure_caption(f"{paper}_{name}")


def test_an_unknown_table_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'abalone_table3'"):
        maker("abalone_tabel3")
    for find in (maker, figure_caption):
        with pytest.raises(InputError, match=r"unknown table or figure.* did you mean 'abalone_figure2'"):
            find("abalone_figur2")


def test_a_table_has_no_caption_of_a_figure():
    with pytest.raises(InputError, match="unknown figure"):
        figure_caption("abalone_table3")


def test_our_values_the_printed_ones_and_their_difference(study):
    # MSC is the eighth method: seeds 0.665, 0.67, 0.675; printed 73.84 on AAPD.
    found = find_cell(maker("abalone_table3")(study), "L_MSC", "aapd", "micro_f1")
    assert found["mean"] == pytest.approx(67.0)
    assert found["std"] == pytest.approx(0.5)
    assert found.seeds == 3
    assert (found.low, found.high) == pytest.approx((67 - 4.302653 * 0.5 / 3**0.5, 67 + 4.302653 * 0.5 / 3**0.5))
    assert found.printed == 73.84
    assert found.difference == pytest.approx(67.0 - 73.84)
    assert (found.interval, found.note) == ("student_t", "")


def test_hamming_loss_is_in_thousandths(study):
    found = find_cell(maker("abalone_table3")(study), "L_BCE", "aapd", "hamming_loss_x1e3")
    assert found["mean"] == pytest.approx(37.0)
    assert found["std"] == pytest.approx(0.5)
    assert found.printed == 22.53


def test_tidy_tables_have_a_cell_for_every_row_dataset_and_metric(study):
    # Table 4 has RCV1-v2 and what the paper does not print at all, so AAPD is not in it.
    sizes = {"table1": 4 * 6, "table2": 6 * 3 * 3, "table3": 8 * 4 * 3, "table4": 7 * 2 * 2}
    for name, size in sizes.items():
        cells = maker(f"abalone_{name}")(study).cells
        assert list(cells.columns) == COLUMNS
        assert len(cells) == size
        assert ("aapd" in set(cells.dataset)) == (name != "table4")
        assert not cells.duplicated(["row", "dataset", "encoder", "metric"]).any()
        assert (cells.note[cells["mean"].isna()] != "").all()


def test_a_dataset_that_is_not_in_the_study_has_its_printed_value_and_the_next_step(study):
    found = find_cell(maker("abalone_table3")(study), "L_MSC", "UK-LEX", "macro_f1")
    assert np.isnan(found["mean"])
    assert np.isnan(found.difference)
    assert found.printed == 62.06
    assert found.note == "UK-LEX is not in study quick; add it to config.yaml or run a study that has it"


def test_the_reason_is_the_same_in_every_study(parts, build):
    found = find_cell(maker("abalone_table1")(build(parts | {"study": "papers"})), "UK-LEX", "UK-LEX", "labels")
    assert found.note == "UK-LEX is not in study papers; add it to config.yaml or run a study that has it"


def test_a_dataset_that_the_study_has_for_another_paper_only_says_so(parts, build):
    for name in ("runs", "rows"):
        parts[name] = [item | {"paper": "push_pull"} if item["dataset"] == "aapd" else item for item in parts[name]]
    found = find_cell(maker("abalone_table3")(build(parts)), "L_MSC", "AAPD", "micro_f1")
    assert (found.printed, found.note) == (73.84, "AAPD has no run for abalone in study quick")


def test_a_method_that_is_not_in_the_study_says_so(parts, build):
    table = maker("abalone_table3")(build(without(parts, method="focal")))
    found = find_cell(table, "L_FCL", "aapd", "micro_f1")
    assert np.isnan(found["mean"])
    assert (found.printed, found.note) == (73.85, "method focal is not in study quick")


def test_a_method_that_ran_elsewhere_says_so(parts, build):
    table = maker("abalone_table3")(build(without(parts, method="bce", dataset="aapd")))
    note = "method bce has no run for abalone on this dataset and encoder in study quick"
    assert find_cell(table, "L_BCE", "aapd", "micro_f1").note == note
    assert find_cell(table, "L_BCE", "generated", "micro_f1")["mean"] == pytest.approx(63)


def test_an_unmeasured_protocol_says_so(parts, build):
    parts["rows"] = [row for row in parts["rows"] if row["protocol"] != "clustering" or row["method"] != "msc"]
    table = maker("abalone_table4")(build(parts))
    note = "protocol clustering has not been measured for method msc"
    assert find_cell(table, "L_MSC", "generated", "silhouette").note == note


def test_an_undefined_metric_says_so(parts, build):
    for row in parts["rows"]:
        if row["metric"] == "silhouette@50":
            row["value"] = float("nan")
    table = maker("abalone_table4")(build(parts))
    assert find_cell(table, "L_MSC", "generated", "silhouette").note == "silhouette@50 is not defined for these runs"
    assert find_cell(table, "L_MSC", "generated", "davies_bouldin")["mean"] == pytest.approx(2.5 - 7 / 40 + 50 / 200)


def test_one_run_shows_its_bootstrap_interval(parts, build):
    table = maker("abalone_table3")(build(without(without(parts, seed=0), seed=2)))
    found = find_cell(table, "L_MSC", "aapd", "micro_f1")
    assert (found["mean"], found.low, found.high) == pytest.approx((67.0, 65.0, 70.0))
    assert np.isnan(found["std"])
    assert (found.seeds, found.interval) == (1, "bootstrap")
    # The Hamming loss comes without such an interval.
    hamming = find_cell(table, "L_MSC", "aapd", "hamming_loss_x1e3")
    assert np.isnan([hamming.low, hamming.high]).all()
    assert hamming.interval == ""


def temperatures(parts, values):
    """Add to MSC on both datasets runs at more temperatures, {temperature: (validation, test micro-F1)}."""
    for temperature, (validation, test) in values.items():
        for dataset, seed in product(("generated", "aapd"), (0, 1, 2)):
            settings = {"epochs": 5, "temperature": temperature}
            run = make_run(dataset, "msc", f"tau{temperature}", seed, settings)
            parts["runs"].append(run)
            parts["rows"] += metric_rows(run, score_rows("linear_probe", validation, test))
            parts["rows"] += metric_rows(run, clustering_rows(0.9))
    return parts


def test_table2_pools_the_temperatures_and_table3_takes_one(parts, build):
    study = build(temperatures(parts, {0.07: (0.99, 0.70), 0.2: (0.10, 0.73)}))
    pooled = find_cell(maker("abalone_table2")(study), "L_MSC", "aapd", "micro_f1")
    nine = [66.5, 67.0, 67.5, 70, 70, 70, 73, 73, 73]
    assert pooled["mean"] == pytest.approx(np.mean(nine))
    assert pooled["std"] == pytest.approx(np.std(nine, ddof=1))
    assert pooled.seeds == 3
    assert pooled.interval == "student_t"
    assert pooled.note == "9 values: 3 seeds × temperature 0.07, 0.1, 0.2"
    # 0.1 although another temperature is better on validation; Table 4 goes with it.
    assert find_cell(maker("abalone_table3")(study), "L_MSC", "aapd", "micro_f1")["mean"] == pytest.approx(67)
    silhouette = find_cell(maker("abalone_table4")(study), "L_MSC", "generated", "silhouette")["mean"]
    assert silhouette == pytest.approx(7 / 40 - 0.1)


def test_a_method_of_ones_own_is_a_further_row_where_it_fits(study):
    shown = {name: set(maker(f"abalone_{name}")(study).cells.row) for name in ("table2", "table3", "table4")}
    assert all("My_loss & co" in rows for rows in shown.values())
    own = find_cell(maker("abalone_table3")(study), "My_loss & co", "aapd", "micro_f1")
    assert own["mean"] == pytest.approx(68)
    assert np.isnan(own.printed)
    assert all("MulCon and BCE" not in rows for rows in shown.values())
    # Methods that the paper has in another table are not repeated.
    assert "Base + queue" not in shown["table3"]


def test_a_label_wise_method_is_a_further_row_with_its_probe_and_its_clustering(parts, build):
    for dataset in ("generated", "aapd"):
        run = make_run(dataset, "mulcon", "a", 1, {"temperature": 0.1})
        parts["runs"].append(run)
        parts["rows"] += metric_rows(run, [*score_rows("linear_probe", 0.5, 0.55), *clustering_rows(0.3)])
    study = build(parts)
    for name in ("table2", "table3"):
        found = find_cell(maker(f"abalone_{name}")(study), "MulCon and BCE", "aapd", "micro_f1")
        assert found["mean"] == pytest.approx(55)
    found = find_cell(maker("abalone_table4")(study), "MulCon and BCE", "generated", "silhouette")
    assert found["mean"] == pytest.approx(0.3 - 0.1)


def test_table1_comes_from_the_cards(study):
    table = maker("abalone_table1")(study)
    assert find_cell(table, "generated", "generated", "labels")["mean"] == 12
    assert find_cell(table, "generated", "generated", "words_per_document")["mean"] == 131.6
    aapd = find_cell(table, "aapd", "aapd", "train_documents")
    assert (aapd["mean"], aapd.printed, aapd.difference) == (900, 42500, 900 - 42500)
    assert np.isnan(find_cell(table, "UK-LEX", "UK-LEX", "labels")["mean"])


def test_runs_of_other_papers_do_not_count(parts, build):
    run = make_run("generated", "my_loss", "x", 0, {}, paper="push_pull")
    parts = without(parts, method="my_loss")
    parts["runs"].append(run)
    parts["rows"] += metric_rows(run, score_rows("linear_probe", 0.9, 0.9))
    assert "My_loss & co" not in set(maker("abalone_table3")(build(parts)).cells.row)
