"""The names of grid points: distinct, and safe as folders."""

import random
import re

import pytest
from pushpull.kinds import KINDS, SETTINGS, defaults, setting_name

WORDS = {"loss": ("bce", "focal"), "parent": ("base", "msc")}  # the settings whose words are not in the table


def some_values(key: str) -> list:
    """Allowed values of a setting: both ends of its range and some between, or its words."""
    setting = SETTINGS[key]
    if key in WORDS:
        return list(WORDS[key])
    if not isinstance(setting.allowed[0], (int, float)) or isinstance(setting.default, bool):
        return list(setting.allowed)
    low, high = setting.allowed
    middle = (0.011, 0.11, 0.3) if isinstance(setting.default, float) else (5, 50, 77)
    return [low, *middle, high]


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_any_one_setting_changes_the_name(kind):
    base = defaults(kind)
    points = [base] + [base | {key: value} for key in base for value in some_values(key) if value != base[key]]
    names = [setting_name(kind, point, base) for point in points]
    assert len(points) > len(base)
    assert len(set(names)) == len(points)


@pytest.mark.parametrize("kind", KINDS)
def test_different_settings_never_share_a_name(kind):
    """Random points of the whole table: the same name only for the same settings."""
    drawn, base, seen = random.Random(0), defaults(kind), {}
    for _ in range(4000):
        point = {key: drawn.choice([value, value, *some_values(key)]) for key, value in base.items()}
        name = setting_name(kind, point, base)
        assert seen.setdefault(name, point) == point
    assert len(seen) > (3 if kind in ("pretrained", "zero_shot") else 3000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_safe_in_a_path_and_in_a_regular_expression_of_snakemake(kind):
    base = defaults(kind)
    extremes = [{key: some_values(key)[side] for key in base} for side in (0, -1)]
    for point in [base, *extremes, *(base | {key: value} for key in base for value in some_values(key))]:
        name = setting_name(kind, point, base)
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name), name
        assert len(name) <= 100


def test_a_long_name_begins_with_the_headline_and_still_tells_every_setting_apart():
    base = defaults("contrastive")
    point = base | {key: some_values(key)[1] for key in base if key not in ("loss", "prototypes", "clean_text")}
    names = [setting_name("contrastive", point | {"weight_decay": value}, base) for value in (0.1, 0.2)]
    assert all(re.fullmatch(r"lr0.011_tau0.011_ep5_tok5_.*_[0-9a-f]{12}", name) for name in names)
    assert len(set(names)) == 2


def test_short_names_of_settings_are_distinct():
    shorts = [setting.short for setting in SETTINGS.values()]
    assert len(set(shorts)) == len(shorts)
