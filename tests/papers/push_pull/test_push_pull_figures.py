import pytest
from figure_checks import assert_drawn_and_the_same_every_time, said
from knn_mltc_study import drop, load
from matplotlib.colors import to_hex
from push_pull_study import METHODS, NAMES, add, make_parts
from pushpull.papers import figure_caption, maker
from pushpull.papers.push_pull.figures import LINES
from pushpull.papers.push_pull.rows import PAPER
from pushpull.tables import style
from pushpull.tables.style import save_figure

VALIDATION = 400
FREQUENCY = {name: 2 ** (10 - rank) if rank < 11 else 0 for rank, name in enumerate(NAMES)}


@pytest.fixture
def parts():
    """A study of one dataset and one sentence encoder."""
    return make_parts(["own"], ["mini"])


@pytest.fixture
def draw(tmp_path):
    def from_parts(parts):
        study = load(parts, tmp_path)
        for card in study.cards.values():
            card["splits"]["validation"]["documents"] = VALIDATION
            card["labels"] = [{"name": name, "train": count} for name, count in FREQUENCY.items()]
        return maker(f"{PAPER}_figure1")(study)

    return from_parts


def line(ax, colour):
    (found,) = [drawn for drawn in ax.lines if to_hex(drawn.get_color()).upper() == colour and len(drawn.get_xdata())]
    return found


def points(ax, face):
    (found,) = [drawn for drawn in ax.lines if drawn.get_markerfacecolor() == face]
    return dict(zip(found.get_xdata(), found.get_ydata(), strict=True))


def names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_row_of_panels_per_dataset_shows_the_best_of_validation(draw):
    figure = draw(make_parts())
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["My_reports & more\nGIST-small: margin", "", "SemEval-2018 E-c\nGIST-small: margin", ""]
    assert [ax.get_xlabel() for ax in figure.axes[:2]] == ["validation documents", "training documents with the label"]


def test_curves_are_macro_f1_in_percent_by_validation_documents(parts, draw):
    ax = draw(parts).axes[0]
    # Macro-F1 of margin on MiniLM-L6 is 0.44 per label, 0.45 exact, 0.4 with one threshold.
    for rule, end in (("per_label", 44), ("exact", 45), ("one", 40), ("folds", 47), ("shrunk", 48)):
        drawn = line(ax, LINES[rule][0].upper())
        assert drawn.get_xdata().tolist() == [25, 50, 100, VALIDATION]
        assert drawn.get_ydata() == pytest.approx([end - 4, end - 2, end - 1, end])
    assert ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["25", "50", "100", "all\n400"]


def test_bands_are_the_range_of_the_seeds(parts, draw):
    ax = draw(parts).axes[0]
    edges = [path.vertices[:, 1] for band in ax.collections for path in band.get_paths()]
    assert len(edges) == len(LINES)
    spans = sorted((edge.min(), edge.max()) for edge in edges)
    assert spans[0] == pytest.approx((40 - 4 - 1, 40 + 1))


def test_thresholds_stand_over_label_frequency_untrained_and_trained(parts, draw):
    ax = draw(parts).axes[1]
    untrained, trained = points(ax, "none"), points(ax, style.BLACK)
    expected = {2 ** (10 - rank): 0.5 + rank / 100 for rank in range(11)}
    assert untrained == pytest.approx(expected)
    assert trained == pytest.approx({count: value - 0.3 for count, value in expected.items()})
    assert ax.get_xscale() == "log"


def test_thresholds_of_the_chosen_grid_point_are_the_mean_over_seeds(parts, draw):
    add(parts, "own", "mini", "margin", "worse", validation=0.1)
    for row in parts["rows"]:
        if row["metric"] == "threshold@label 0":
            row["value"] = 9.0 if row["setting"] == "worse" else row["seed"] / 10
    assert points(draw(parts).axes[1], style.BLACK)[1024] == pytest.approx(0.2)


def test_a_label_name_with_an_at_sign_is_found(parts, draw):
    for row in parts["rows"]:
        row["metric"] = row["metric"].replace("threshold@label 11", "threshold@a@b")
    FREQUENCY["a@b"] = 3
    try:
        assert points(draw(parts).axes[1], "none")[3] == pytest.approx(0.61)
    finally:
        del FREQUENCY["a@b"]


def test_the_legend_names_rules_and_marks(parts, draw):
    assert names(draw(parts)) == [
        *("one threshold (micro-F1)", "per label", "per label, exact", "per label, folds", "per label, shrunk"),
        *("untrained", "trained"),
    ]


def test_lines_are_told_apart_without_colour():
    assert len({dash for _, dash, _ in LINES.values()}) == len({mark for _, _, mark in LINES.values()}) == len(LINES)


def test_without_a_trained_encoder_the_untrained_one_is_drawn_and_the_figure_says_so(parts, draw):
    for method, facts in METHODS.items():
        parts = drop(parts, method=method) if facts["kind"] == "text_label" else parts
    left, right = draw(parts).axes[:2]
    assert left.get_title(loc="left") == "My_reports & more\nMiniLM-L6: untrained"
    assert len(points(right, "none")) == 11
    assert right.get_title(loc="left") == "no trained encoder was measured"


def test_without_the_untrained_encoder_the_figure_says_so(parts, draw):
    right = draw(drop(parts, method="pretrained")).axes[1]
    assert len(points(right, style.BLACK)) == 11
    title = " ".join(right.get_title(loc="left").split())
    assert title == "method pretrained has no run for push_pull on this dataset and encoder in study quick"


def test_a_dataset_that_nothing_measured_says_why(draw, tmp_path):
    parts = make_parts(encoders=["mini"])
    parts["rows"] = [row for row in parts["rows"] if not row["protocol"].startswith("dbc") or row["dataset"] != "own"]
    figure = draw(parts)
    reason = "untrained: protocol dbc_per_label has not been measured"
    assert said(figure.axes[0]) == f"no trained encoder was measured {reason}"
    assert not figure.axes[1].axison
    assert figure.axes[2].lines
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


def test_curves_and_thresholds_that_were_not_measured_are_a_sentence(parts, draw):
    parts["rows"] = [row for row in parts["rows"] if "@" not in row["metric"]]
    left, right = draw(parts).axes[:2]
    assert said(left) == "margin: macro-F1 by number of validation documents was not measured"
    assert said(right) == "untrained: no thresholds were recorded margin: no thresholds were recorded"


def test_a_study_without_runs_draws_a_sentence(parts, draw, tmp_path):
    figure = draw(parts | {"runs": [], "rows": []})
    assert said(figure.axes[0]) == "study quick has no run for Push and Pull"
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


def test_the_figure_is_not_blank_and_the_same_every_time(parts, draw, tmp_path):
    assert_drawn_and_the_same_every_time(lambda: draw(parts), tmp_path)


def test_the_caption_says_what_is_drawn_and_what_is_ours():
    caption = figure_caption(f"{PAPER}_figure1")
    for fact in ("a mean over five of them", "infinite threshold are left out", "our reconstruction", "hollow"):
        assert fact in caption
    assert "  " not in caption
