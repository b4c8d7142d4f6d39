import math
import re

import pytest
from pushpull.papers import maker
from pushpull.papers.abalone.rows import COMPARISONS
from pushpull.tables.latex import to_latex
from pushpull.tables.rendering import full_caption, lay_out, to_markdown
from synthetic_study import comparison_rows
from table_checks import find_cell


def ladder(study):
    return maker("abalone_table_ladder")(study)


def test_the_steps_of_the_ladder_then_the_further_rows():
    assert [(row.name, against.name) for against, row in COMPARISONS] == [
        ("L_Base", "L_MLM"),
        ("L_BQueue", "L_Base"),
        ("L_BQProto", "L_BQueue"),
        ("L_MSC", "L_BQProto"),
        ("L_BCE", "L_MSC"),
        ("L_ASY", "L_BCE"),
        ("L_FCL", "L_BCE"),
        ("L_Base-FT", "L_Base"),
        ("L_MSC-FT", "L_MSC"),
        ("L_MSC", "L_Base"),
    ]


def test_a_cell_is_the_difference_in_points_with_its_interval(study):
    # The third comparison, 0.02 better.
    found = find_cell(ladder(study), "L_BQProto vs L_BQueue", "aapd")
    assert (found["mean"], found.low, found.high) == pytest.approx((2.0, -0.5, 4.0))
    assert (found.seeds, found.interval, found.note) == (3, "paired_bootstrap", "")
    assert math.isnan(found.difference)


def test_printed_differences_come_from_table_3_or_else_from_table_2(study):
    table = ladder(study)
    # Table 2 alone has L_MLM: 72.25 - 63.86. Table 3 has L_BCE and L_MSC: 73.89 - 73.84, where Table 2 prints 73.59.
    assert find_cell(table, "L_Base vs L_MLM", "aapd").printed == pytest.approx(8.39)
    assert find_cell(table, "L_BCE vs L_MSC", "aapd").printed == pytest.approx(0.05)
    assert find_cell(table, "L_MSC-FT vs L_MSC", "UK-LEX", "macro_f1").printed == pytest.approx(61.33 - 62.06)
    # Table 2 lacks UK-LEX, and no dataset of ours is printed as the generated one.
    assert math.isnan(find_cell(table, "L_Base vs L_MLM", "UK-LEX").printed)
    assert math.isnan(find_cell(table, "L_Base vs L_MLM", "generated").printed)


def test_a_star_marks_an_interval_without_zero_in_every_form(study):
    table = ladder(study)
    markdown, latex = to_markdown(table), to_latex(table)
    line = next(line for line in markdown.splitlines() if line.startswith("| L_MSC vs L_BQProto |"))
    # The fourth comparison: 3 points better in micro-F1 with [0.5, 5], worse in macro-F1 with [-5.5, -1].
    assert "| +3.00*<br>[0.50, 5.00] |" in line
    assert "| −3.00*<br>[−5.50, −1.00] |" in line
    block = latex[latex.index(r"\textbf{AAPD (arXiv), MiniLM-L6}") :]
    row = next(line for line in block.splitlines() if line.startswith(r"L\_MSC vs L\_BQProto &"))
    assert row.startswith(r"L\_MSC vs L\_BQProto & +3.00* & +0.29 & $-$3.00* &")
    # The second: 1 point, [-1.5, 3]; the first: none.
    assert "| +1.00<br>[−1.50, 3.00] |" in markdown
    assert "| 0.00<br>[−2.50, 2.00] |" in markdown
    words = [word for group in lay_out(table).groups for line in group.cells for word in line]
    # 3 to 9 points better of ten, as many worse from 3 points on, two datasets.
    assert sum("*" in word.text for word in words) == 2 * (7 + 7)


def test_one_pair_of_runs_knows_nothing_of_seeds_and_has_no_star(study):
    study.comparisons.update({key: row | {"seeds": 1} for key, row in study.comparisons.items()})
    table = ladder(study)
    assert find_cell(table, "L_MSC vs L_BQProto", "aapd").interval == "paired_documents"
    assert "*<br>" not in to_markdown(table)
    assert "bootstrap over test documents where there is one pair of runs" in full_caption(table)


def test_the_caption_says_what_the_cells_and_the_star_are(study):
    caption = full_caption(ladder(study))
    assert caption.endswith(
        "Our cells: mean difference over pairs of runs, * where the interval over several pairs excludes 0, below it "
        "the 95 % interval (paired bootstrap over test documents and seeds); 3 seeds in every cell."
    )
    assert "comparisons.csv" in caption


def test_there_is_a_cell_for_every_comparison_dataset_and_metric(study):
    cells = ladder(study).cells
    assert len(cells) == 10 * 4 * 2
    assert not cells.duplicated(["row", "dataset", "encoder", "metric"]).any()
    assert (cells.note[cells["mean"].isna()] != "").all()
    titles = {group.title: group.columns for group in lay_out(ladder(study)).groups}
    shown = ["Δ micro-F1 (points)", "printed", "Δ macro-F1 (points)", "printed"]
    assert titles["AAPD (arXiv)"] == shown
    assert titles["Long_tail & demo"] == shown[::2]


def test_a_printed_difference_has_its_sign(study):
    line = next(line for line in to_markdown(ladder(study)).splitlines() if line.startswith("| L_ASY vs L_BCE |"))
    # Table 3, AAPD: 72.92 - 73.89 and 60.63 - 59.98.
    assert re.search(r"\| −0\.97 \|.*\| \+0\.65 \|", line)


def test_a_comparison_that_was_not_made_says_why(parts, build):
    for name in ("runs", "rows"):
        parts[name] = [item for item in parts[name] if item["method"] != "focal"]
        parts[name] = [item for item in parts[name] if item["method"] != "asymmetric" or item["dataset"] == "aapd"]
    unmade = {"L_FCL", "L_BQueue"}
    made = [(against, row) for against, row in COMPARISONS if row.name not in unmade]
    parts["comparisons"] = list(comparison_rows("aapd", made))
    table = ladder(build(parts))
    assert find_cell(table, "L_FCL vs L_BCE", "aapd").note == "method focal is not in study quick"
    assert find_cell(table, "L_BQueue vs L_Base", "aapd").note == "runs of base_queue and base have no seed in common"
    assert find_cell(table, "L_ASY vs L_BCE", "generated").note == (
        "method asymmetric has no run for abalone on this dataset and encoder in study quick"
    )
    assert find_cell(table, "L_ASY vs L_BCE", "UK-LEX").note.startswith("UK-LEX is not in study quick")
    assert math.isnan(find_cell(table, "L_FCL vs L_BCE", "aapd")["mean"])
    assert find_cell(table, "L_FCL vs L_BCE", "aapd").printed == pytest.approx(73.85 - 73.89)


def test_a_study_without_any_comparison_is_all_dashes(parts, build):
    table = ladder(build(parts | {"comparisons": []}))
    assert table.cells["mean"].isna().all()
    assert "±" not in to_markdown(table)
    assert full_caption(table) == table.caption
    to_latex(table)
