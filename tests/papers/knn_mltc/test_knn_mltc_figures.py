import numpy as np
import pytest
from figure_checks import assert_drawn_and_the_same_every_time, said
from knn_mltc_study import DATASETS, ENCODERS, KS, PAPER, PROPORTIONS, SEEDS, at_k, drop, load, make_parts
from matplotlib.colors import to_rgba
from pushpull.papers import figure_caption, maker
from pushpull.papers.knn_mltc.neighbours import shares
from pushpull.tables import style
from pushpull.tables.style import save_figure
from synthetic_study import make_run, metric_rows, score_rows

FIGURES = ["figure2", "figure3", "figure4"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return load(make_parts(), tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def drawn(study):
    return {name: draw(study, name) for name in FIGURES}


@pytest.fixture
def one(tmp_path):
    """Return the parts of a study of one dataset, and a function that loads parts."""
    return make_parts({"aapd_usual": DATASETS["aapd_usual"]}), lambda parts: load(parts, tmp_path)


def draw(study, name):
    return maker(f"{PAPER}_{name}")(study)


def line(ax, colour, dash="-"):
    (found,) = [found for found in ax.lines if found.get_color() == colour and found.get_linestyle() == dash]
    return found


def stars(ax):
    return [found for found in ax.lines if found.get_marker() == "*"]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_drawn_not_blank_and_the_same_every_time(one, tmp_path, name):
    study = one[1](one[0])
    assert_drawn_and_the_same_every_time(lambda: draw(study, name), tmp_path)


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_without_runs_draws_a_sentence(one, tmp_path, name):
    figure = draw(one[1](make_parts({}, {})), name)
    assert said(figure.axes[0]) == "study quick has no run for kNN-MLTC"
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


# Figure 2.


def test_micro_f1_against_k_and_against_the_proportion_is_the_mean_over_seeds(drawn):
    by_k, by_proportion = drawn["figure2"].axes[:2]
    # The CNN with the contrastive term of weight 0.1 has 61 alone.
    found = line(by_k, style.BLUE)
    assert found.get_xdata().tolist() == list(KS)
    assert found.get_ydata() == pytest.approx([61 + 100 * at_k(k) for k in KS])
    found = line(by_proportion, style.BLUE)
    assert found.get_xdata() == pytest.approx(PROPORTIONS)
    assert found.get_ydata() == pytest.approx([61 + 16 * p * (1 - p) for p in PROPORTIONS])


def test_the_model_alone_is_the_point_at_zero_neighbours_and_a_dotted_line(drawn):
    ax = drawn["figure2"].axes[0]
    dotted = line(ax, style.VERMILLION, ":")
    assert dotted.get_ydata() == pytest.approx([66, 66])
    assert line(ax, style.VERMILLION).get_ydata()[0] == pytest.approx(66)
    assert [label.get_text() for label in ax.get_xticklabels()] == [str(k) for k in KS]


def test_bands_reach_from_the_lowest_to_the_highest_seed(drawn):
    ax = drawn["figure2"].axes[1]
    bands = [band.get_paths()[0].vertices for band in ax.collections]
    at_zero = sorted({round(y, 6) for band in bands for x, y in band if x == 0})
    assert at_zero == pytest.approx([60, 62, 65, 67, 70, 72])


def test_a_row_of_panels_per_dataset_and_a_legend_of_the_models_drawn(drawn):
    figure = drawn["figure2"]
    assert [ax.get_title(loc="left") for ax in figure.axes[::2]] == ["Long_tail & demo", "AAPD (usual split)"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["CNN", "LDGN", "MiniLM-L6"]


def test_a_k_that_was_not_measured_is_left_out(one):
    parts, build = one
    parts["rows"] = [row for row in parts["rows"] if row["metric"] not in ("micro_f1@k=40", "micro_f1@k=80")]
    ax = draw(build(parts), "figure2").axes[0]
    assert line(ax, style.BLUE).get_xdata().tolist() == list(KS[:-2])


def test_panels_without_values_say_why(one):
    parts, build = one
    parts["rows"] = [row for row in parts["rows"] if row["protocol"] != "neighbours"]
    for ax in draw(build(parts), "figure2").axes:
        assert said(ax) == "protocol neighbours has not been measured for method joint"


def test_one_panel_without_values_does_not_empty_the_other(one):
    parts, build = one
    parts["rows"] = [row for row in parts["rows"] if "proportion=" not in row["metric"]]
    by_k, by_proportion = draw(build(parts), "figure2").axes
    assert len(by_k.lines) == 3 * 2
    assert said(by_proportion) == "micro-F1 by proportion was not measured"


# Figure 3.


def test_one_star_among_80_neighbours_in_every_panel(drawn):
    axes = drawn["figure3"].axes
    assert [ax.get_title(loc="left") for ax in axes] == [
        f"{dataset}, CNN: {way} CL"
        for dataset in ("Long_tail & demo", "AAPD (usual split)")
        for way in ("without", "with")
    ]
    for ax in axes:
        (star,) = stars(ax)
        assert (star.get_xdata(), star.get_ydata()) == (0, 0)
        assert sum(len(points.get_offsets()) for points in ax.collections) == 80
    # The neighbours are nearer with the contrastive term: 0.6 of 80 to the power of 1/2.
    far = [np.linalg.norm(ax.collections[0].get_offsets(), axis=1).max() for ax in axes[:2]]
    assert far == pytest.approx([80**0.5, 0.6 * 80**0.5])


def test_colour_and_marker_are_the_share_of_the_documents_labels(drawn):
    ax = drawn["figure3"].axes[0]
    colours = [tuple(colour) for points in ax.collections for colour in points.get_facecolors()]
    # 16 neighbours share all four labels, as many three, two, one and none.
    expected = {style.VERMILLION: 16, style.BLUE: 32, style.SKY: 16, style.GREY: 16}
    assert {colour: colours.count(to_rgba(colour)) for colour in expected} == expected
    assert len({path.vertices.tobytes() for points in ax.collections for path in points.get_paths()}) == 4
    assert ax.get_xlabel() == "160 of 320 labels shared"


def test_shares_by_hand(study):
    neighbours = study.neighbourhoods.iloc[:4].assign(shared=[3, 2, 1, 0])
    assert shares(neighbours, 3).tolist() == ["all", "half or more", "fewer than half", "none"]
    assert shares(neighbours, 4).tolist() == ["half or more", "half or more", "fewer than half", "none"]


def test_without_the_cnn_the_first_encoder_is_drawn(one):
    parts, build = one
    figure = draw(build(drop(parts, encoder="words")), "figure3")
    assert figure.axes[0].get_title(loc="left") == "AAPD (usual split), LDGN: without CL"


def test_the_cnn_is_drawn_where_it_is_not_the_first_encoder(one):
    parts, build = one
    parts["encoders"] = dict(reversed(ENCODERS.items()))
    assert draw(build(parts), "figure3").axes[0].get_title(loc="left").endswith("CNN: without CL")


def test_a_panel_without_neighbours_says_so(one):
    parts, build = one
    parts["neighbourhoods"] = [row for row in parts["neighbourhoods"] if row["method"] == "joint"]
    without, with_cl = draw(build(parts), "figure3").axes
    assert said(without) == "no neighbours were placed for method bce"
    assert stars(with_cl)


def test_the_id_of_a_document_is_text(study):
    assert set(study.neighbourhoods.document) == {"0012"}


# Figure 4.


def test_micro_f1_against_the_weight_with_knn_and_without(drawn):
    ax = drawn["figure4"].axes[0]
    assert line(ax, style.BLUE).get_ydata() == pytest.approx([62, 62, 65, 67])
    assert line(ax, style.BLUE, "--").get_ydata() == pytest.approx([60, 60, 61, 65])
    assert line(ax, style.VERMILLION).get_ydata() == pytest.approx([67, 67, 70, 72])
    assert line(ax, style.BLUE).get_xdata().tolist() == [0, 1, 2, 3]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.01", "0.1", "1"]
    legend = [text.get_text() for text in drawn["figure4"].legends[0].get_texts()]
    assert legend == ["CNN", "LDGN", "MiniLM-L6", "with kNN", "model alone"]


def test_a_weight_that_one_base_model_lacks_is_a_gap_in_its_line_only(one):
    parts, build = one
    ax = draw(build(drop(parts, encoder="words", setting="w0.1", method="joint")), "figure4").axes[0]
    assert line(ax, style.BLUE).get_xdata().tolist() == [0, 1, 3]
    assert line(ax, style.BLUE).get_ydata() == pytest.approx([62, 62, 67])
    assert line(ax, style.VERMILLION).get_xdata().tolist() == [0, 1, 2, 3]


def test_of_several_settings_with_a_weight_validation_chooses(one):
    parts, build = one
    for seed in SEEDS:
        for setting, validation, test in (("good", 0.9, 0.3), ("bad", 0.1, 0.9)):
            settings = {"contrastive_weight": 0.1, "epochs": 5}
            run = make_run("aapd_usual", "joint", setting, seed, settings, PAPER, "words")
            parts["runs"].append(run)
            for protocol in ("classifier", "knn_mixed"):
                parts["rows"] += metric_rows(run, score_rows(protocol, validation, test))
    ax = draw(build(parts), "figure4").axes[0]
    assert line(ax, style.BLUE).get_ydata() == pytest.approx([62, 62, 30, 67])


def test_an_odd_number_of_datasets_leaves_a_place_empty(one):
    datasets = {name: {"title": "Generated"} for name in ("a", "b", "c")}
    axes = draw(one[1](make_parts(datasets)), "figure4").axes
    assert [bool(ax.lines) for ax in axes] == [True, True, True, False]
    assert not axes[3].axison


# Captions.


def test_captions_state_how_the_document_was_chosen_and_what_is_drawn():
    rule = (
        "first test document with at least three labels (or, where there is none, with the most), by the order of the "
        "split"
    )
    assert rule in figure_caption(f"{PAPER}_figure3")
    for name in FIGURES:
        assert "  " not in figure_caption(f"{PAPER}_{name}")
    assert "mean over seeds; bands: range of the seeds" in figure_caption(f"{PAPER}_figure2")
