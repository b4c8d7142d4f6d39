import math

import pytest
from knn_mltc_study import ENCODERS, cell, load, make, make_parts
from pushpull.papers.knn_mltc.rows import COMPARISONS


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make(load(make_parts(), tmp_path_factory.mktemp("study")), "table_ladder")


def test_what_is_compared():
    assert [(row.name, against.name) for against, row in COMPARISONS] == [
        ("+kNN", "model"),
        ("+CL", "model"),
        ("+CL+kNN", "+CL"),
        ("+CL+kNN", "+kNN"),
        ("+CL+kNN", "model"),
        ("+CL+kNN", "without beta"),
    ]


def test_a_difference_in_points_stands_beside_the_printed_one(table):
    # The fourth comparison, 0.03 better: 71.69 - 70.19 in print.
    found = cell(table, "CNN+CL+kNN vs CNN+kNN")
    assert (found["mean"], found.low, found.high) == pytest.approx((3.0, 0.5, 5.0))
    assert (found.printed, found.interval, found.seeds) == (pytest.approx(1.5), "paired_bootstrap", 3)
    assert cell(table, "LDGN+CL+kNN vs LDGN without beta", "RCV1-V2").printed == pytest.approx(87.29 - 86.78)
    assert math.isnan(cell(table, "CNN+CL vs CNN", "generated").printed)
    assert cell(table, "CNN+CL vs CNN", metric="macro_f1")["mean"] == pytest.approx(-1)


def test_differences_are_of_the_base_model_of_their_row(tmp_path):
    parts = make_parts()
    for row in parts["comparisons"]:
        row["difference"] += list(ENCODERS).index(row["encoder"]) / 10
    table = make(load(parts, tmp_path), "table_ladder")
    ours = [cell(table, f"{model}+CL vs {model}")["mean"] for model in ("CNN", "LDGN", "MiniLM-L6")]
    assert ours == pytest.approx([1, 11, 21])


def test_every_base_model_has_every_comparison(table):
    assert len(table.cells) == 4 * 6 * 3 * 2


def test_comparisons_of_another_paper_are_left_alone(tmp_path):
    parts = make_parts()
    parts["comparisons"].append(parts["comparisons"][0] | {"paper": "abalone", "row": "L_MSC", "encoder": "roberta"})
    assert len(make(load(parts, tmp_path), "table_ladder").cells) == 4 * 6 * 3 * 2
