import pytest
from pushpull.kinds import RELEASED_CODE, SETTINGS, defaults
from pushpull.papers import maker
from pushpull.papers.abalone.rows import PAPER
from pushpull.tables.captions import describe
from pushpull.tables.rendering import full_caption, to_markdown
from pushpull.tables.variants import released_settings

PAPERS_WAY = {"divisor": "batch", "head_learning_rate": 5e-5, "clean_text": False, "probe_grid": "paper"}


def settle(parts, **settings):
    """Give every run settings, all of the paper's way but those of `settings`, {method: {key: value}}."""
    for run in parts["runs"]:
        run["settings"] = run["settings"] | PAPERS_WAY | settings.get(run["method"], {})
    return parts


def note(table, row, dataset="aapd"):
    cells = table.cells
    return set(cells.note[(cells.row == row) & (cells.dataset == dataset)])


@pytest.mark.parametrize("kind", ["pretrained", "supervised", "contrastive", "label_wise", "finetune"])
def test_the_defaults_are_the_papers_way(kind):
    assert released_settings(defaults(kind)) == []


def test_every_released_value_is_one_that_its_setting_allows():
    found = released_settings(RELEASED_CODE)
    assert found == ["divisor anchors", "head_learning_rate as the encoder", "clean_text true", "probe_grid released"]
    assert set(RELEASED_CODE) <= set(SETTINGS)
    assert released_settings({"head_learning_rate": 1e-3, "divisor": "batch"}) == []


def test_tables_are_silent_about_the_papers_way(parts, build):
    study = build(settle(parts))
    assert "eleased" not in describe(study, PAPER)
    for name in ("table2", "table3", "table4", "table_ladder"):
        assert "eleased code's way" not in to_markdown(maker(f"abalone_{name}")(study))


def test_captions_and_rows_say_which_methods_went_the_released_codes_way(parts, build):
    given = {"msc": {"divisor": "anchors", "head_learning_rate": None}, "base": {"divisor": "anchors"}}
    study = build(settle(parts, **given))
    sentence = "Released code's way: divisor anchors (Base, MSC); head_learning_rate as the encoder (MSC)."
    for name in ("table2", "table3", "table4", "table_ladder"):
        assert sentence in full_caption(maker(f"abalone_{name}")(study))
    table = maker("abalone_table3")(study)
    assert note(table, "L_MSC") == {"MSC: released code's way, divisor anchors, head_learning_rate as the encoder"}
    assert note(table, "L_Base") == {"Base: released code's way, divisor anchors"}
    assert note(table, "L_BCE") == note(table, "L_MSC-FT") == {""}
    assert "\nBase: released code's way, divisor anchors  \n" in to_markdown(table)
    steps = maker("abalone_table_ladder")(study)
    assert note(steps, "L_Base vs L_MLM") == {"Base: released code's way, divisor anchors"}


def test_what_every_run_does_needs_no_names(parts, build):
    given = {run["method"]: {"clean_text": True} for run in parts["runs"]}
    assert describe(build(settle(parts, **given)), PAPER).endswith(" Released code's way: clean_text true.")


def test_the_note_is_of_the_chosen_grid_point_the_caption_of_all(parts, build):
    settle(parts)
    for run in [run for run in parts["runs"] if run["method"] == "msc" and run["dataset"] == "aapd"]:
        other = run | {"setting": "div", "settings": run["settings"] | {"divisor": "anchors"}}
        parts["runs"].append(other)
        parts["rows"] += [
            row | {"setting": "div", "value": row["value"] - 0.3}
            for row in parts["rows"]
            if all(row[key] == run[key] for key in ("dataset", "method", "seed", "setting"))
        ]
    table = maker("abalone_table3")(build(parts))
    assert "divisor anchors (MSC)" in table.caption
    assert note(table, "L_MSC") == {""}


def test_the_note_joins_the_one_about_temperatures(parts, build):
    settle(parts, msc={"divisor": "anchors"})
    for run in [run for run in parts["runs"] if run["method"] == "msc"]:
        parts["runs"].append(run | {"setting": "warm", "settings": run["settings"] | {"temperature": 0.2}})
        parts["rows"] += [
            row | {"setting": "warm"}
            for row in parts["rows"]
            if all(row[key] == run[key] for key in ("dataset", "method", "seed", "setting"))
        ]
    table = maker("abalone_table2")(build(parts))
    words = "6 values: 3 seeds × temperature 0.1, 0.2; MSC: released code's way, divisor anchors"
    assert note(table, "L_MSC") == {words}
