"""What tables, figures and the report say of runs that are missing."""

from dataclasses import replace
from html import unescape

import clld_study
import knn_mltc_study
import push_pull_study
import pytest
from pushpull.papers import artefacts, is_table, maker
from pushpull.papers.abalone.rows import COMPARISONS, PAPER
from pushpull.report.manifest import study_manifest
from pushpull.report.report import write_headline, write_report
from pushpull.tables.comparisons import compare
from pushpull.tables.latex import to_latex
from pushpull.tables.missing import completeness, missing_groups
from pushpull.tables.rendering import to_markdown
from table_checks import assert_even_rows, find_cell, rows_of

ERROR = {"reason": "loss is nan_1 at step 3", "log": "logs/train/seed2.log"}
NOT_YET = {"reason": "not run yet", "log": ""}
STUDIES = {"knn_mltc": knn_mltc_study, "clld": clld_study, "push_pull": push_pull_study}


def lose(parts, why=NOT_YET, **key):
    """Make the runs that agree with all of `key` missing ones."""
    lost = [run for run in parts["runs"] if all(run[name] == value for name, value in key.items())]
    assert lost
    for name in ("runs", "rows", "comparisons", "inference", "neighbourhoods", "label_distances"):
        if name in parts:
            parts[name] = [item for item in parts[name] if any(item.get(part) != key[part] for part in key)]
    parts["missing"] = parts.get("missing", []) + [run | why for run in lost]
    return parts


def table(study, name):
    return maker(f"abalone_{name}")(study)


def test_a_missing_seed_is_said_below_the_tables_that_lack_it_and_no_other(parts, build):
    study = build(lose(parts, ERROR, dataset="generated", method="focal", seed=2))
    note = "missing: Focal, seed 2 on Long_tail & demo, MiniLM-L6: loss is nan_1 at step 3 (logs/train/seed2.log)"
    cell = find_cell(table(study, "table3"), "L_FCL", "generated")
    assert (cell.seeds, cell.note) == (2, note)
    assert cell["mean"] == pytest.approx(61.75)
    assert find_cell(table(study, "table3"), "L_FCL", "aapd").seeds == 3
    assert to_markdown(table(study, "table3")).count(note) == 1
    assert note.replace("&", r"\&").replace("_", r"\_") in to_latex(table(study, "table3"))
    for name in ("table1", "table2", "table4"):
        assert "missing" not in to_markdown(table(study, name)) + to_latex(table(study, name))


def test_a_cell_without_any_seed_has_the_reason_as_its_footnote(parts, build):
    study = build(lose(parts, ERROR, dataset="generated", method="focal"))
    cell = find_cell(table(study, "table3"), "L_FCL", "generated")
    assert cell["mean"] != cell["mean"]
    assert cell.note.startswith("missing: Focal, seeds 0, 1, 2 on Long_tail & demo, MiniLM-L6: loss is nan_1 at step 3")
    assert f"</sup> {cell.note}" in to_markdown(table(study, "table3"))
    assert "–" in next(line for line in to_markdown(table(study, "table3")).splitlines() if "L_FCL" in line)


def test_a_comparison_with_a_missing_run_has_the_reason(parts, build):
    lose(parts, ERROR, dataset="generated", method="focal")
    gone = ("generated", "L_FCL")
    parts["comparisons"] = [row for row in parts["comparisons"] if (row["dataset"], row["row"]) != gone]
    ladder = table(build(parts), "table_ladder")
    assert find_cell(ladder, "L_FCL vs L_BCE", "generated").note.startswith("missing: Focal, seeds 0, 1, 2 on Long")
    assert find_cell(ladder, "L_FCL vs L_BCE", "aapd").note == ""


def test_cells_that_were_not_run_yet_share_a_footnote(parts, build):
    study = build(lose(lose(parts, dataset="generated", method="focal"), dataset="aapd", method="bce"))
    assert find_cell(table(study, "table3"), "L_FCL", "generated").note == "missing: not run yet"
    assert to_markdown(table(study, "table3")).count("missing: not run yet") == 1


def test_several_reasons_and_logs_are_all_counted(parts, build):
    lose(parts, ERROR, dataset="generated", method="focal", seed=1)
    lose(parts, ERROR | {"log": "logs/train/seed0.log"}, dataset="generated", method="focal", seed=0)
    study = build(lose(parts, dataset="generated", method="focal", seed=2))
    note = find_cell(table(study, "table3"), "L_FCL", "generated").note
    place = "on Long_tail & demo, MiniLM-L6"
    first = f"Focal, seeds 0, 1 {place}: loss is nan_1 at step 3 (logs/train/seed2.log and 1 more)"
    assert note == f"missing: {first}; Focal, seed 2 {place}: not run yet"


def test_a_method_of_ones_own_without_a_run_keeps_its_row(parts, build):
    study = build(lose(parts, ERROR, method="my_loss"))
    assert "My_loss & co" in rows_of(table(study, "table3"))
    assert_even_rows(table(study, "table3"))


def test_a_dataset_that_could_not_be_prepared_keeps_its_columns_and_its_row(parts, build):
    study = build(lose(parts, ERROR, dataset="aapd"))
    study = replace(study, cards={"generated": study.cards["generated"]})
    for name in ("table1", "table2", "table3", "table4", "table_ladder"):
        assert_even_rows(table(study, name))
    cell = find_cell(table(study, "table1"), "aapd", "aapd", "train_documents")
    assert cell.note == "missing: loss is nan_1 at step 3 (logs/train/seed2.log)"
    assert cell.printed > 0
    assert find_cell(table(study, "table3"), "L_BCE", "aapd").printed == 73.89
    assert compare(study, PAPER, COMPARISONS, {}).empty


@pytest.mark.parametrize("paper", STUDIES)
@pytest.mark.parametrize("part", ["dataset", "encoder"])
def test_every_table_and_figure_is_made_where_all_runs_of_a_dataset_or_an_encoder_are_missing(paper, part, tmp_path):
    parts = STUDIES[paper].make_parts()
    name = next(iter(parts[f"{part}s"]))
    study = knn_mltc_study.load(lose(parts, ERROR, **{part: name}), tmp_path)
    if part == "dataset":
        study = replace(study, cards={key: card for key, card in study.cards.items() if key != name})
    for artefact in artefacts(paper):
        if is_table(f"{paper}_{artefact}"):
            assert_even_rows(maker(f"{paper}_{artefact}")(study))
        else:
            assert maker(f"{paper}_{artefact}")(study).axes


@pytest.mark.parametrize("name", ["figure2", "figure_forces", "figure_collapse"])
def test_the_figures_of_abalone_are_made_without_a_dataset(parts, build, name):
    study = build(lose(parts, ERROR, dataset="generated"))
    assert maker(f"abalone_{name}")(replace(study, cards={})).axes


def test_inference_that_was_not_timed_has_its_log_in_the_table(tmp_path):
    parts = knn_mltc_study.drop(knn_mltc_study.make_parts(), metric="ms_single")
    encoder = next(iter(parts["encoders"]))
    run = next(run for run in parts["runs"] if run["encoder"] == encoder and run["method"] == "joint")
    parts["untimed"] = [{key: run[key] for key in ("dataset", "encoder", "method", "setting", "seed")} | ERROR]
    study = knn_mltc_study.load(parts, tmp_path)
    notes = maker("knn_mltc_table8")(study).cells.note
    assert notes.str.startswith("missing on ").any()
    ((where, reason, log),) = missing_groups(study)
    assert where.endswith(": times of inference")
    assert (reason, log) == tuple(ERROR.values())
    assert completeness(study) == "Not complete: times of inference are missing."


def test_the_report_warns_and_lists_what_is_missing_with_reason_and_log(parts, build, tmp_path):
    lose(parts, ERROR, dataset="generated", method="focal", seed=2)
    study = build(lose(parts, dataset="aapd", method="bce"))
    write_report(study, [], [], study_manifest(study.info, study.cards, []), tmp_path / "report.html")
    page = unescape((tmp_path / "report.html").read_text())
    assert page.index("Not complete: 4 of 66 runs are missing.") < page.index('id="headline"')
    section = page[page.index('id="missing-runs"') :]
    assert "Long_tail & demo, MiniLM-L6: Focal, seed 2</th><td>loss is nan_1 at step 3</td>" in section
    assert "<code>logs/train/seed2.log</code>" in section
    assert "AAPD (arXiv), MiniLM-L6: BCE, 3 runs</th><td>not run yet</td><td></td>" in section
    write_headline(study, "report.html", tmp_path / "headline.txt")
    assert (tmp_path / "headline.txt").read_text().splitlines()[1] == "Not complete: 4 of 66 runs are missing."


def test_a_run_that_two_papers_share_is_missing_once(parts, build):
    lose(parts, ERROR, dataset="generated", method="focal", seed=2)
    parts["missing"] += [run | {"paper": "clld"} for run in parts["missing"]]
    study = build(parts)
    assert len(missing_groups(study)) == 1
    assert completeness(study) == "Not complete: 1 of 66 runs are missing."


def test_a_complete_study_says_nothing_of_missing_runs(study, tmp_path):
    write_report(study, [], [], study_manifest(study.info, study.cards, []), tmp_path / "report.html")
    write_headline(study, "report.html", tmp_path / "headline.txt")
    for name in ("report.html", "headline.txt"):
        text = (tmp_path / name).read_text()
        assert "Not complete" not in text
        assert "missing-runs" not in text
    assert missing_groups(study) == []
