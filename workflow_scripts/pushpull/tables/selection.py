"""Which grid point is reported, and its mean and spread over seeds. The choice never sees the test split."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from pushpull.evaluation.significance import student_interval
from pushpull.tables.rows import SELECTION_METRIC


class Summary(NamedTuple):
    """Mean, sample standard deviation, number of seeds and 95 % interval of one cell; NaN where undefined."""

    mean: float
    std: float
    seeds: int
    low: float
    high: float


def select_setting(
    metrics: pd.DataFrame,
    runs: Sequence[dict],
    protocol: str,
    pooled: Sequence[str] = (),
    metric: str = SELECTION_METRIC,
) -> list[str]:
    """Return the settings of the best grid point; several only where they differ in a `pooled` key alone.

    The best grid point has the highest mean over its runs of the validation `metric` under `protocol` (ABALONE,
    section 4: the configuration with the best validation mean over seeds is reported). Ties keep the earlier
    one in `runs`. Where there is but one grid point it needs no score; where there are several without
    scores, the result is empty.

    Args:
        metrics: rows of one dataset, encoder and method, with columns `setting, protocol, split, metric,
        value`.
        runs: the same runs, with the keys `setting` and `settings`.
        protocol: as in `metrics`.
        pooled: keys of `settings` over which a cell averages instead of choosing, such as "temperature".
        metric: as in `metrics`, the higher, the better.
    """
    points: dict[str, list[str]] = {}
    for setting, values in {run["setting"]: run["settings"] for run in runs}.items():
        points.setdefault(_point(setting, values, pooled), []).append(setting)
    if len(points) == 1:
        return next(iter(points.values()))
    scores = metrics[(metrics.protocol == protocol) & (metrics.split == "validation") & (metrics.metric == metric)]
    seeds = {point: len({run["seed"] for run in runs if run["setting"] in names}) for point, names in points.items()}
    means = {
        point: scores.value[scores.setting.isin(names)].mean()
        for point, names in points.items()
        if seeds[point] == max(seeds.values())
    }
    known = {point: mean for point, mean in means.items() if mean == mean}
    return points[max(known, key=known.get)] if known else []


def prefer(runs: Sequence[dict], preferred: dict[str, object]) -> list[dict]:
    """Return the runs whose settings have the `preferred` values, for each key with several values in `runs`.

    A key whose preferred value no run has, or that has one value only, restricts nothing.
    """
    kept = list(runs)
    for key, value in preferred.items():
        kept = [run for run in kept if run["settings"].get(key) == value] or kept
    return kept


def summarise(values: pd.Series, seeds: pd.Series) -> Summary:
    """Return mean, standard deviation (ddof 1), number of seeds and 95 % interval of `values`, one per run.

    The interval is Student's t over the means of the seeds: values of one seed at several temperatures are
    not independent. With one seed it is NaN; with one value the standard deviation is, too.
    """
    per_seed = values.groupby(seeds.to_numpy()).mean()
    return Summary(
        float(values.mean()), float(values.std(ddof=1)), len(per_seed), *student_interval(per_seed.to_numpy())
    )


def _point(setting: str, values: dict, pooled: Sequence[str]) -> str:
    if not pooled:
        return setting
    return json.dumps({k: v for k, v in values.items() if k not in (*pooled, "seed")}, sort_keys=True)
