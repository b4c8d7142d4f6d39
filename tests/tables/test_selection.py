import numpy as np
import pandas as pd
import pytest
from pushpull.tables.selection import prefer, select_setting, summarise


def grid(validation, test=None):
    """Metrics and runs from {setting: one value per seed}; test scores are the reverse order of the grid."""
    test = test or {setting: [1 - value for value in values] for setting, values in validation.items()}
    rows = [
        (setting, seed, "linear_probe", split, "micro_f1", value)
        for split, scores in (("validation", validation), ("test", test))
        for setting, values in scores.items()
        for seed, value in enumerate(values)
    ]
    metrics = pd.DataFrame(rows, columns=["setting", "seed", "protocol", "split", "metric", "value"])
    runs = [
        {"setting": setting, "seed": seed, "settings": {}}
        for setting, values in validation.items()
        for seed in range(len(values))
    ]
    return metrics, runs


def test_the_best_validation_mean_over_seeds_wins_not_the_best_single_run():
    metrics, runs = grid({"a": [0.9, 0.1, 0.2], "b": [0.5, 0.5, 0.5], "c": [0.4, 0.6, 0.3]})
    assert select_setting(metrics, runs, "linear_probe") == ["b"]


def test_the_choice_never_looks_at_test():
    metrics, runs = grid({"a": [0.3, 0.4], "b": [0.5, 0.6], "c": [0.4, 0.4]})
    of_test = metrics.split == "test"
    chosen = select_setting(metrics, runs, "linear_probe")
    for seed in range(10):
        shuffled = metrics.copy()
        shuffled.loc[of_test, "value"] = np.random.default_rng(seed).random(of_test.sum())
        assert select_setting(shuffled, runs, "linear_probe") == chosen == ["b"]


def test_only_the_protocol_asked_for_counts():
    metrics, runs = grid({"a": [0.3], "b": [0.5]})
    knn = metrics.assign(protocol="knn", value=1 - metrics.value)
    assert select_setting(pd.concat([metrics, knn]), runs, "knn") == ["a"]


def test_another_metric_may_choose():
    metrics, runs = grid({"a": [0.3], "b": [0.5]})
    macro = metrics.assign(metric="macro_f1", value=1 - metrics.value)
    assert select_setting(pd.concat([metrics, macro]), runs, "linear_probe", metric="macro_f1") == ["a"]


def test_ties_keep_the_earlier_setting_and_settings_not_in_runs_are_ignored():
    metrics, runs = grid({"a": [0.9], "b": [0.5], "c": [0.5]})
    assert select_setting(metrics, runs[1:], "linear_probe") == ["b"]


def test_a_setting_without_scores_is_not_chosen_among_several():
    metrics, runs = grid({"a": [np.nan], "b": [0.1]})
    assert select_setting(metrics, runs, "linear_probe") == ["b"]
    assert select_setting(metrics, runs, "classifier") == []


def test_a_single_setting_needs_no_score():
    metrics, runs = grid({"a": [0.5]})
    assert select_setting(metrics, runs, "classifier") == ["a"]


def test_pooled_temperatures_are_chosen_together():
    settings = {f"lr{lr}_tau{tau}": {"lr": lr, "temperature": tau} for lr in (1, 2) for tau in (0.07, 0.1, 0.2)}
    # The best single setting has lr 1, the best mean over temperatures lr 2.
    values = dict(zip(settings, [0.9, 0.1, 0.1, 0.5, 0.5, 0.5], strict=True))
    metrics, runs = grid({setting: [value] * 3 for setting, value in values.items()})
    runs = [run | {"settings": settings[run["setting"]] | {"seed": run["seed"]}} for run in runs]
    assert select_setting(metrics, runs, "linear_probe") == ["lr1_tau0.07"]
    pooled = select_setting(metrics, runs, "linear_probe", pooled=["temperature"])
    assert pooled == ["lr2_tau0.07", "lr2_tau0.1", "lr2_tau0.2"]


def test_a_grid_point_with_fewer_seeds_than_another_is_not_chosen():
    metrics, runs = grid({"a": [0.62, 0.58, 0.57], "b": [0.60]})
    assert select_setting(metrics, runs, "linear_probe") == ["a"]


def test_prefer_restricts_only_where_the_value_occurs():
    runs = [{"settings": {"temperature": value}} for value in (0.07, 0.1)]
    assert prefer(runs, {"temperature": 0.1}) == runs[1:]
    assert prefer(runs, {"temperature": 0.5}) == runs
    assert prefer([{"settings": {}}], {"temperature": 0.1}) == [{"settings": {}}]


def test_summary_by_hand():
    # Mean 2, squared deviations 1 + 0 + 1 over 2, t(0.975, 2) = 4.302653.
    summary = summarise(pd.Series([1.0, 2.0, 3.0]), pd.Series([7, 8, 9]))
    assert summary[:3] == (2.0, 1.0, 3)
    assert summary.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-5)
    assert summary.high == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-5)


def test_the_interval_of_pooled_values_is_over_the_means_of_the_seeds():
    pooled = summarise(pd.Series([1.0, 3.0, 4.0, 6.0]), pd.Series([0, 0, 1, 1]))
    of_means = summarise(pd.Series([2.0, 5.0]), pd.Series([0, 1]))
    assert (pooled.low, pooled.high, pooled.seeds) == (of_means.low, of_means.high, 2)
    assert pooled.std == pytest.approx(np.std([1, 3, 4, 6], ddof=1))


def test_one_run_has_a_mean_and_nothing_else():
    summary = summarise(pd.Series([0.5]), pd.Series([0]))
    assert (summary.mean, summary.seeds) == (0.5, 1)
    assert np.isnan([summary.std, summary.low, summary.high]).all()
