import math

import numpy as np
import pytest
from clld_study import METHODS, cell, make, make_parts
from knn_mltc_study import load
from pushpull.evaluation import significance
from pushpull.papers.clld.rows import COMPARISONS
from pushpull.tables.rendering import to_markdown
from table_checks import rows_of


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return make(load(make_parts(), tmp_path_factory.mktemp("study")), "table_ladder")


def test_micro_f1_of_one_class_a_document_is_accuracy_in_every_resample():
    generator = np.random.default_rng(0)
    true, decided = generator.integers(0, 5, size=(2, 40))
    ((_, weights),) = significance._resample_weights(40, 20, 0)
    expected = [np.repeat(true == decided, times).mean() for times in weights.astype(int)]
    classes = np.eye(5, dtype=bool)
    assert significance.resampled_f1(classes[true], classes[decided], 20)["micro_f1"] == pytest.approx(expected)
    assert len(set(expected)) > 5


def test_what_is_compared():
    assert [(row.method, against.method) for against, row in COMPARISONS] == [
        ("clld_constant", "cross_entropy"),
        ("clld", "cross_entropy"),
        ("clld_adaptive", "cross_entropy"),
        ("clld_everywhere", "cross_entropy"),
        ("clld", "clld_constant"),
        ("clld_adaptive", "clld_constant"),
    ]
    assert {row.method for pair in COMPARISONS for row in pair} == set(METHODS)


def test_a_gain_in_points_stands_beside_the_printed_one(table):
    # On the reviews the only comparison, 0 better; where all were made the fifth, 0.04 better.
    found = cell(table, "TextCNN CT+CLSLD vs TextCNN CT", "reviews")
    assert (found["mean"], found.low, found.high) == pytest.approx((0.0, -2.5, 2.0))
    assert (found.printed, found.interval) == (pytest.approx(72.1 - 70.9), "paired_bootstrap")
    found = cell(table, "TextCNN CT+CLSLD vs TextCNN CT+CL")
    assert (found["mean"], found.low, found.high) == pytest.approx((4.0, 1.5, 6.0))
    assert math.isnan(found.printed)
    assert cell(table, "TextCNN CT+CLSLD vs TextCNN CT+CL", metric="macro_f1")["mean"] == pytest.approx(-4)
    line = next(
        line for line in to_markdown(table).splitlines() if line.startswith("| TextCNN CT+CLSLD vs TextCNN CT |")
    )
    assert "+1.20" in line


def test_printed_gains_come_from_tables_2_and_3(table):
    assert cell(table, "BERT CT+CLALD vs BERT CT+CL").printed == pytest.approx(0.26)
    assert cell(table, "BERT CT+CLSLD vs BERT CT").printed == pytest.approx(1.3)
    assert cell(table, "BERT CT+CLSLD vs BERT CT", "R52").printed == pytest.approx(0.1)
    assert cell(table, "ALBERT CT+CLSLD vs ALBERT CT", "TREC-6").printed == pytest.approx(0.2)


def test_a_base_model_has_the_comparisons_that_it_has_here_or_in_print(table):
    ladder = {}
    for row in rows_of(table):
        model, _, variant = row.partition(" ")
        ladder.setdefault(model, []).append(variant.replace(f"vs {model} ", "vs "))
    assert {model: len(found) for model, found in ladder.items()} == {
        "BERT": 5,
        "ALBERT": 1,
        "TextCNN": 6,
        "MiniLM-L6": 6,
    }
    assert ladder["ALBERT"] == ["CT+CLSLD vs CT"]
    assert not any("every pair" in row for row in ladder["BERT"])
    note = "method clld_everywhere has no run for clld on this dataset and encoder in study quick"
    assert cell(table, "TextCNN CT+CLSLD, every pair (ours) vs TextCNN CT", "own").note == note


def test_no_gain_is_taken_from_the_misprint(table):
    assert math.isnan(cell(table, "ALBERT CT+CLSLD vs ALBERT CT", "reviews").printed)
    assert cell(table, "BERT CT+CLSLD vs BERT CT", "reviews").printed == pytest.approx(87.0 - 85.7)
