from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from clld_study import DATASETS, LABELS, add, distance_rows, make_parts
from figure_checks import assert_drawn_and_the_same_every_time, said
from knn_mltc_study import load
from matplotlib.patches import Rectangle
from pushpull.papers import figure_caption, maker
from pushpull.papers.clld.figures import by_family, families, means
from pushpull.tables.style import save_figure

ORDER = ["comp.graphics", "comp.windows.x", "sci.med", "sci.space", "alt.atheism", "misc.forsale"]


@pytest.fixture
def parts():
    return make_parts()


@pytest.fixture
def draw(parts, tmp_path):
    return lambda: maker("clld_figure2")(load(parts, tmp_path))


def matrix_of(ax):
    return np.asarray(ax.collections[0].get_array()).reshape(len(ax.get_yticklabels()), -1)


def names(labels):
    return [label.get_text() for label in labels]


def test_the_printed_dataset_is_drawn_by_family_with_anchors_as_rows(draw):
    ax = draw().axes[0]
    assert ax.get_title(loc="left") == "20 Newsgroups, TextCNN"
    assert names(ax.get_yticklabels()) == names(ax.get_xticklabels()) == ORDER
    assert matrix_of(ax)[2].tolist() == [1.5, 1.5, 1.0, 4.0, 1.5, 1.5]
    assert matrix_of(ax)[3].tolist() == [1.5, 1.5, 3.0, 1.0, 1.5, 1.5]


def test_grey_runs_from_1_to_the_largest_distance(draw):
    shades = draw().axes[0].collections[0]
    assert (shades.cmap.name, *shades.get_clim()) == ("Greys", 1.0, 4.0)


def test_families_of_several_are_outlined(draw):
    boxes = [patch for patch in draw().axes[0].patches if isinstance(patch, Rectangle)]
    assert [(box.get_xy(), box.get_width(), box.get_height()) for box in boxes] == [((0, 0), 2, 2), ((2, 2), 2, 2)]


def test_mean_distances_by_hand(draw):
    # Inside: 3, 3, 3 and 4; the other 26 of 30 pairs are 1.5 apart.
    assert draw().axes[0].get_xlabel() == "mean distance: 3.25 inside a family, 1.50 else: larger inside families"


def test_means_say_when_families_are_no_farther_apart():
    labels = ["sci.a", "sci.b", "x.c"]
    matrix = pd.DataFrame([[1, 2, 2], [2, 1, 3], [2, 3, 1.0]], labels, labels)
    assert means(matrix) == "mean distance: 2.00 inside a family, 2.50 else: not larger inside families"
    assert means(matrix.iloc[1:, 1:]) == "mean distance of two classes: 3.00"


def test_families_are_what_names_share_up_to_the_first_dot():
    assert families(LABELS) == ["sci", "", "comp", "sci", "", "comp"]
    assert families(["money-fx", "Mr. X", "Mr. Y", "trade"]) == [""] * 4
    assert by_family(["trade", "earn", "acq"]) == ["trade", "earn", "acq"]


def test_without_the_printed_dataset_the_first_measured_one_is_drawn(parts, draw):
    parts["label_distances"] = [row for row in parts["label_distances"] if row["dataset"] != "groups"]
    assert draw().axes[0].get_title(loc="left") == "My requests, MiniLM-L6"


def test_of_several_base_models_the_first_in_print_is_drawn(parts, draw):
    for encoder in ("small", "light"):
        add(parts, "groups", encoder, "clld_adaptive")
        parts["label_distances"] += distance_rows("groups", encoder)
    assert draw().axes[0].get_title(loc="left") == "20 Newsgroups, ALBERT"


def test_classes_without_families_keep_their_order_and_have_no_box(parts, draw):
    labels = ["trade", "earn", "nan"]
    parts["label_distances"] = list(distance_rows("groups", "words", labels))
    ax = draw().axes[0]
    assert names(ax.get_yticklabels()) == labels
    assert not ax.patches
    assert ax.get_xlabel() == "mean distance of two classes: 1.50"


def test_labels_stand_as_they_were_written_and_very_long_ones_are_cut(parts, draw, tmp_path):
    labels = ["$5 to $10", "$10 % of $20", "x" * 500]
    parts["label_distances"] = list(distance_rows("groups", "words", labels))
    figure = draw()
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")
    shown = figure.axes[0].get_yticklabels()
    assert names(shown) == [*labels[:2], "x" * 59 + "…"]
    assert not any(label.get_parse_math() for label in shown)


def test_distances_that_never_moved_are_drawn(parts, draw, tmp_path):
    for row in parts["label_distances"]:
        row["distance"] = 1.0
    figure = draw()
    assert figure.axes[0].get_xlabel().endswith("1.00 inside a family, 1.00 else: not larger inside families")
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


@pytest.mark.parametrize("given", [None, "everywhere"])
def test_a_study_without_adaptive_distances_draws_a_sentence(parts, draw, tmp_path, given):
    rows = parts["label_distances"] if given else []
    parts["label_distances"] = [row for row in rows if row["method"] == "clld_everywhere"]
    figure = draw()
    assert said(figure.axes[0]) == "study quick has no label distances of method clld_adaptive"
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


def test_52_names_do_not_overlap(parts, draw):
    labels = [f"class{n}" for n in range(52)]
    parts["label_distances"] = list(distance_rows("groups", "words", labels))
    figure = draw()
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(lower[1] <= upper[0] + 0.5 for lower, upper in pairwise(tops))


def test_the_figure_is_not_blank_and_the_same_every_time(draw, tmp_path):
    assert_drawn_and_the_same_every_time(draw, tmp_path)


def test_the_caption_says_how_to_read_it():
    caption = figure_caption("clld_figure2")
    for fact in ("The diagonal is 1 by construction.", "Row: class of the anchor", "up to the first dot"):
        assert fact in caption
    assert "  " not in caption
    assert DATASETS["groups"]["title"] in caption
