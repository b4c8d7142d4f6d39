import numpy as np
import pytest
from figure_checks import assert_drawn_and_the_same_every_time
from pushpull.papers import maker
from pushpull.papers.abalone.curves import figure_collapse, figure_forces
from pushpull.tables import style
from pushpull.tables.style import save_figure
from synthetic_study import SEEDS, collapse_rows, force_rows, make_run, metric_rows, score_rows

EPOCHS = 6


@pytest.fixture
def trained(parts):
    """The study with curves: forces of Base and MSC on both datasets, MulCon with and without BCE on one."""
    for run in [run for run in parts["runs"] if run["method"] in ("base", "msc")]:
        level = {"base": 0.2, "msc": 0.1}[run["method"]] + run["seed"] / 50
        parts["rows"] += metric_rows(run, force_rows(level, EPOCHS))
    for method, end, loss in (("mulcon", 0.4, 1.5), ("mulcon_alone", 0.0, 1.0)):
        for seed in SEEDS:
            run = make_run("aapd", method, "a", seed, {"temperature": 0.1})
            parts["runs"].append(run)
            rows = [*score_rows("linear_probe", 0.5, 0.5), *collapse_rows(end + seed / 50, loss, EPOCHS)]
            parts["rows"] += metric_rows(run, rows)
    return parts


def lines(ax, colour):
    return [line for line in ax.lines if line.get_color() == colour]


@pytest.mark.parametrize("draw", [figure_forces, figure_collapse])
def test_figures_are_drawn_not_blank_and_the_same_every_time(trained, build, tmp_path, draw):
    study = build(trained)
    assert_drawn_and_the_same_every_time(lambda: draw(study), tmp_path)


def test_forces_are_means_over_seeds_by_epoch_for_each_third(trained, build):
    axes = figure_forces(build(trained)).axes
    assert [ax.get_ylabel() for ax in axes] == ["attraction ↓", "repulsion ↓"] * 2
    fall = 1 - 0.9 ** np.arange(1, EPOCHS + 1)
    # Levels 0.2, 0.22, 0.24 of the seeds; thirds 0.1 apart in attraction, 0.05 in repulsion.
    for ax, apart, depth in ((axes[0], 0.1, 0.8), (axes[1], 0.05, 0.2)):
        drawn = {round(line.get_ydata()[0], 9): line for line in lines(ax, style.BLUE)}
        assert len(drawn) == 3
        for third in range(3):
            expected = 0.22 + third * apart - depth * fall
            line = drawn[round(expected[0], 9)]
            assert line.get_xdata().tolist() == list(range(1, EPOCHS + 1))
            assert line.get_ydata() == pytest.approx(expected)
    head, middle, tail = sorted(lines(axes[0], style.VERMILLION), key=lambda line: line.get_ydata()[0])
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in (head, middle, tail)}) == 3


def test_bands_reach_from_the_lowest_to_the_highest_seed(trained, build):
    ax = figure_collapse(build(trained)).axes[2]
    bands = [band.get_paths()[0].vertices for band in ax.collections]
    at_one = sorted({round(y, 9) for band in bands for x, y in band if x == 1})
    # Ends 0.4 to 0.44 and 0 to 0.04: after an epoch end + (1 - end) 0.8.
    assert at_one == pytest.approx([0.8, 0.808, 0.88, 0.888])


def test_collapse_shows_the_label_spread_beside_the_training_loss(trained, build):
    figure = figure_collapse(build(trained))
    spread, loss = figure.axes[2:]
    assert (spread.get_ylabel(), loss.get_ylabel()) == ("label spread", "training loss")
    decay = 0.8 ** np.arange(1, EPOCHS + 1)
    (alone,) = lines(spread, style.PURPLE)
    assert alone.get_ydata() == pytest.approx(0.02 + 0.98 * decay)
    # The training loss, not the validation loss of 9.
    (alone,) = lines(loss, style.PURPLE)
    assert alone.get_ydata() == pytest.approx(1 + decay)
    assert spread.get_ylim()[0] == 0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["MulCon + BCE", "MulCon alone"]


def test_a_panel_without_measurements_says_why(trained, build, tmp_path):
    figure = figure_collapse(build(trained))
    for ax in figure.axes[:2]:
        text = " ".join(ax.texts[0].get_text().split())
        assert "method mulcon has no run for abalone on this dataset and encoder in study quick" in text
        assert not ax.lines
    assert figure.axes[0].get_title(loc="left") == "Long_tail & demo, MiniLM-L6"


def test_a_study_without_curves_says_so_and_names_no_method(study, tmp_path):
    forces, collapse = figure_forces(study), figure_collapse(study)
    assert "method base: not recorded by its training" in " ".join(forces.axes[0].texts[0].get_text().split())
    assert "method mulcon is not in study quick" in " ".join(collapse.axes[0].texts[0].get_text().split())
    shown = [text.get_text() for text in forces.legends[0].get_texts()]
    assert shown == ["head labels", "middle labels", "tail labels"]
    save_figure(forces, tmp_path / "f.pdf", tmp_path / "f.png")
    save_figure(collapse, tmp_path / "c.pdf", tmp_path / "c.png")


def test_a_column_that_was_not_recorded_is_named(trained, build):
    trained["rows"] = [row for row in trained["rows"] if not row["metric"].startswith("repulsion")]
    axes = figure_forces(build(trained)).axes
    assert axes[0].lines
    assert axes[1].texts[0].get_text() == "repulsion was not recorded"


def test_one_epoch_is_a_marker_on_a_whole_number(trained, build):
    trained["rows"] = [row for row in trained["rows"] if "@" not in row["metric"] or row["metric"].endswith("@1")]
    ax = figure_forces(build(trained)).axes[0]
    assert {line.get_marker() for line in ax.lines} == {"o", "s", "^"}
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]


def test_the_chosen_grid_point_at_the_papers_temperature_is_drawn(trained, build):
    for seed in SEEDS:
        run = make_run("aapd", "msc", "cold", seed, {"temperature": 0.07})
        trained["runs"].append(run)
        trained["rows"] += metric_rows(run, [*score_rows("linear_probe", 0.99, 0.99), *force_rows(0.7, EPOCHS)])
    ax = maker("abalone_figure_forces")(build(trained)).axes[2]
    assert len(lines(ax, style.VERMILLION)) == 3
    assert max(line.get_ydata()[0] for line in lines(ax, style.VERMILLION)) == pytest.approx(0.32 - 0.08)
