import numpy as np
import pytest
import torch
from figure_checks import assert_drawn_and_the_same_every_time
from pushpull.papers.abalone.figures import figure1, figure2
from pushpull.papers.abalone.forces import BETA, DOMINATED, FREQUENT, LACKING, PROTOTYPES, RARE, act, panels
from pushpull.tables.style import save_figure


@pytest.mark.parametrize("draw", [figure1, figure2])
def test_figures_are_drawn_not_blank_and_the_same_every_time(study, tmp_path, draw):
    assert_drawn_and_the_same_every_time(lambda: draw(study), tmp_path)


def test_figure2_lines_are_the_means_over_seeds(study):
    ax = figure2(study).axes[0]
    bce = next(line for line in ax.lines if line.get_color() == "#222222")
    assert list(bce.get_xdata()) == list(range(10, 101, 10))
    # BCE is the fourth method, at level 3/40.
    assert bce.get_ydata() == pytest.approx([3 / 40 - share / 500 for share in range(10, 101, 10)])


def test_figure2_bands_reach_from_the_lowest_to_the_highest_seed(study):
    ax = figure2(study).axes[0]
    paths = [band.get_paths()[0].vertices for band in ax.collections]
    bce = next(path for path in paths if np.isclose(path[:, 1].max(), 3 / 40 + 1 / 50 - 10 / 500))
    # At the first share, 10 %, the seeds are 1/50 apart.
    assert sorted({*bce[bce[:, 0] == 10, 1].round(9)}) == pytest.approx([3 / 40 - 2 / 50, 3 / 40])


def test_figure2_has_one_legend_entry_per_encoder_drawn(parts, build):
    for row in parts["rows"]:
        if row["method"] == "msc_ft" and row["protocol"] == "clustering":
            row["value"] = float("nan")
    figure = figure2(build(parts))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["L_MLM", "L_BCE", "L_Base", "L_Base-FT", "L_MSC", "My_loss & co"]
    assert all(ax.get_legend() is None for ax in figure.axes)


def test_figure2_marks_the_printed_values_where_the_dataset_has_any(parts, build):
    parts["datasets"]["aapd"]["printed_as"] = {"abalone": "RCV1-v2"}
    axes = figure2(build(parts)).axes
    hollow = [[line for line in ax.lines if line.get_markerfacecolor() == "white"] for ax in axes]
    assert [len(lines) for lines in hollow] == [0, 0, 6, 6]
    assert {float(line.get_ydata()[0]) for line in hollow[2]} == {-0.14, 0.15, 0.07, 0.13, 0.10, 0.16}


def test_figure2_says_so_when_nothing_was_measured(parts, build, tmp_path):
    parts["rows"] = [row for row in parts["rows"] if row["protocol"] != "clustering"]
    figure = figure2(build(parts))
    assert "no clustering quality measured" in figure.axes[0].texts[0].get_text()
    save_figure(figure, tmp_path / "f.pdf", tmp_path / "f.png")


def test_without_a_positive_there_is_no_force():
    lacking = panels()["(a) Base, batch only"]
    assert not any(lacking.pull)
    assert not any(lacking.share)


def test_forces_sum_to_zero_and_equal_the_gradient_of_the_loss():
    for loss, beta in (("base", 1.0), ("msc", BETA)):
        panel = act(loss, (FREQUENT, RARE), DOMINATED + PROTOTYPES)
        assert sum(panel.pull) == pytest.approx(0, abs=1e-6)
        # The weights, written out: Jaccard is 1/2 for one of two labels, as is 1/|union| of MSC.
        texts = [1 / 2 if ref.label in (FREQUENT, RARE) else 0.0 for ref in panel.references[: len(DOMINATED)]]
        share = [1 / 2, 1 / 2, 0.0]
        if loss == "msc":
            total = [1 + sum(1 / 2 for ref in DOMINATED if ref.label == label) for label in (FREQUENT, RARE)]
            texts = [w / 2 / total[ref.label] if w else 0.0 for w, ref in zip(texts, DOMINATED, strict=True)]
            share = [1 / 2 / total[0], 1 / 2 / total[1], 0.0]
        weights = torch.tensor([*texts, *share], dtype=torch.float64)
        weights /= weights.sum()
        cosine = [np.cos(np.radians(90 - ref.angle)) for ref in panel.references]
        similarity = torch.tensor(cosine, dtype=torch.float64).div(0.5).requires_grad_()
        gain = torch.tensor([beta] * len(DOMINATED) + [1.0] * 3, dtype=torch.float64)
        (similarity.add(gain.log()).logsumexp(0) - (weights * similarity).sum()).backward()
        assert panel.pull == pytest.approx((-similarity.grad).tolist(), abs=1e-6)


def test_the_proposed_loss_shares_attraction_evenly_where_the_baseline_does_not():
    shares = {title: panel.share for title, panel in panels().items()}
    assert shares["(b) proposed loss, MSC"][:2] == pytest.approx([0.5, 0.5])
    assert shares["(b) Base + queue + prototypes"][FREQUENT] > 0.75


def test_the_points_are_on_different_places():
    for scene in (LACKING, DOMINATED):
        angles = sorted(reference.angle for reference in scene + PROTOTYPES)
        assert min(np.diff(angles)) >= 8
