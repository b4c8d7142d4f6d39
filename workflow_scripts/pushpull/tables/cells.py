"""Tidy cells of a table: ours with its spread, the printed value and the difference, or why there is none."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from pushpull.tables.captions import no_encoder, not_run
from pushpull.tables.missing import missing_dataset, missing_note
from pushpull.tables.rows import Metric, Row
from pushpull.tables.selection import prefer, select_setting, summarise
from pushpull.tables.study import Study
from pushpull.tables.variants import released_note

COLUMNS = [
    "row",
    "dataset",
    "encoder",
    "metric",
    "mean",
    "std",
    "seeds",
    "low",
    "high",
    "interval",
    "printed",
    "difference",
    "note",
]


def method_cells(
    study: Study,
    paper: str,
    rows: Sequence[Row],
    metrics: Sequence[Metric],
    printed: pd.DataFrame,
    pooled: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the tidy cells of a table whose rows are methods.

    There is a cell for every row, metric and place (see `places`), and for every printed data set that the study
    lacks. A cell without a value has a note that says why.

    Args:
        printed: as from `printed_values`; may be empty.
        pooled: settings to average over instead of choosing, as in `select_setting`.
    """
    target = printed.set_index(["row", "dataset", "metric"]).value.to_dict()
    cells = []
    for dataset, shared in places(study, paper, rows):
        name = study.printed_as(dataset, paper)
        for row in rows:
            encoder = shared if row.encoder is None else row.encoder
            values, note = chosen_values(study, (paper, dataset, encoder, row.method), row, pooled)
            for metric in metrics:
                ours = _ours(values, metric, note)
                cells.append(cell(row.name, dataset, encoder, metric, ours, target.get((row.name, name, metric.name))))
    for dataset in missing_datasets(study, paper, printed):
        cells += [
            cell(
                row.name,
                dataset,
                row.encoder or "",
                metric,
                {"note": not_run(study, paper, dataset)},
                target.get((row.name, dataset, metric.name)),
            )
            for row in rows
            for metric in metrics
        ]
    return tidy(cells)


def with_suspects(cells: pd.DataFrame, study: Study, paper: str, suspects: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with the printed values that are likely misprints, which have no difference.

    Args:
        cells: as from `method_cells`.
        suspects: as from `suspect_values`.

    Returns:
        `cells` with a further column: `printed_note` says what is wrong with a printed value, and is else empty.
    """
    datasets = {key: study.printed_as(key, paper) for key in study.info["datasets"]}
    names = [datasets.get(dataset, dataset) for dataset in cells.dataset]
    places = pd.MultiIndex.from_arrays([cells.row, names, cells.metric])
    found = suspects.set_index(["row", "dataset", "metric"]).reindex(places).set_axis(cells.index)
    notes = "printed " + found.value.astype(str) + ": " + found.notes.astype("str")
    return cells.assign(printed=cells.printed.fillna(found.value), printed_note=notes.fillna(""))


def corpus_cells(
    study: Study,
    paper: str,
    statistics: Callable[[dict], Mapping[str, float]],
    metrics: Sequence[Metric],
    printed: pd.DataFrame,
) -> pd.DataFrame:
    """Return the tidy cells of a table whose rows are datasets.

    Args:
        statistics: returns {metric source: value} of a dataset's card.
        printed: as from `printed_values`.
    """
    values = {name: statistics(study.cards[name]) for name in study.datasets(paper) if name in study.cards}
    target = printed.set_index(["dataset", "metric"]).value.to_dict()
    cells = [
        cell(
            dataset,
            dataset,
            "",
            metric,
            {"mean": found[metric.source] * metric.scale, "note": ""},
            target.get((study.printed_as(dataset, paper), metric.name)),
        )
        for dataset, found in values.items()
        for metric in metrics
    ]
    ours = {dataset: study.printed_as(dataset, paper) for dataset in study.datasets(paper) if dataset not in values}
    lacking = {dataset: (name, missing_dataset(study, dataset)) for dataset, name in ours.items()}
    lacking |= {name: (name, not_run(study, paper, name)) for name in missing_datasets(study, paper, printed)}
    cells += [
        cell(dataset, dataset, "", metric, {"note": note}, target.get((name, metric.name)))
        for dataset, (name, note) in lacking.items()
        for metric in metrics
    ]
    return tidy(cells)


def places(study: Study, paper: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the (dataset, encoder) pairs of the study for `paper`; the datasets alone where `rows` have encoders."""
    if any(row.encoder is not None for row in rows):
        return [(dataset, "") for dataset in study.datasets(paper)]
    return study.corpora(paper)


def chosen_values(
    study: Study,
    key: tuple[str, str, str, str],
    row: Row,
    pooled: Sequence[str] = (),
    preferred: Mapping[str, object] | None = None,
) -> tuple[pd.DataFrame | None, str]:
    """Return the test rows of the chosen runs under the row's protocol, or None, and a note.

    Args:
        key: paper, dataset, encoder, method.
        pooled: as in `method_cells`.
        preferred: settings to prefer, as in `prefer`.
    """
    runs, note = chosen_runs(study, key, row, pooled, preferred)
    if not runs:
        return None, note
    metrics, settings = study.metrics[key], {run["setting"] for run in runs}
    found = metrics[(metrics.protocol == row.protocol) & (metrics.split == "test") & metrics.setting.isin(settings)]
    if found.empty:
        return None, f"protocol {row.protocol} has not been measured for method {row.method}"
    return found, note


def chosen_runs(
    study: Study,
    key: tuple[str, str, str, str],
    row: Row,
    pooled: Sequence[str] = (),
    preferred: Mapping[str, object] | None = None,
) -> tuple[list[dict], str]:
    """Return the runs of the chosen grid point and a note; arguments as in `chosen_values`.

    The note says over what besides seeds the runs range, where they take the released code's way and which are missing,
    or why there are none.
    """
    paper, _, _, method = key
    if row.encoder == "":
        return [], no_encoder(study)
    if method not in study.info["methods"]:
        return [], f"method {method} is not in study {study.name}"
    missing = missing_note(study, key)
    if key not in study.runs and missing:
        return [], missing
    if key not in study.runs:
        return [], f"method {method} has no run for {paper} on this dataset and encoder in study {study.name}"
    runs, metrics = prefer(study.runs[key], preferred or {}), study.metrics.get(key)
    settings = [] if metrics is None else select_setting(metrics, runs, row.chosen_by, pooled, row.chosen_metric)
    if not settings:
        metric = row.chosen_metric.replace("_f1", "-F1")
        return [], f"no validation {metric} ({row.chosen_by}) of method {method} to choose a setting by"
    chosen = [run for run in runs if run["setting"] in settings]
    notes = [_pooling_note(chosen, pooled), released_note(study, method, chosen), missing]
    return chosen, "; ".join(filter(None, notes))


def missing_datasets(study: Study, paper: str, printed: pd.DataFrame) -> list[str]:
    """Return the printed data sets that no dataset of the study stands for, in the order of print."""
    ours = {study.printed_as(dataset, paper) for dataset in study.datasets(paper)}
    return [name for name in printed.dataset.drop_duplicates() if name not in ours]


def tidy(cells: Sequence[dict]) -> pd.DataFrame:
    """Return cells, dictionaries by column, as a tidy table; a column that a cell lacks is empty."""
    return pd.DataFrame(cells, columns=COLUMNS).astype({"seeds": "Int64"})


def _pooling_note(chosen: Sequence[dict], pooled: Sequence[str]) -> str:
    """Say over what a cell averages besides seeds, as in "9 values: 3 seeds x temperature 0.07, 0.1, 0.2"."""
    spread = {key: sorted({run["settings"][key] for run in chosen if key in run["settings"]}) for key in pooled}
    parts = [f"{key} {', '.join(map(str, values))}" for key, values in spread.items() if len(values) > 1]
    seeds = len({run["seed"] for run in chosen})
    return f"{len(chosen)} values: {seeds} seed{'s' * (seeds != 1)} × {' × '.join(parts)}" if parts else ""


def _ours(values: pd.DataFrame | None, metric: Metric, note: str) -> dict:
    """Return mean, std, seeds, low, high, interval, note of a cell, scaled; only the note if there is no value.

    The interval is one of `tables.INTERVALS`, or empty.
    """
    if values is None:
        return {"note": note}
    known = values[values.value.notna()]
    found = known[known.metric == metric.source]
    if found.empty:
        return {"note": f"{metric.source} is not defined for these runs"}
    summary = summarise(found.value, found.seed)
    interval = "" if math.isnan(summary.low) else "student_t"
    bounds = [known.value[known.metric == f"{metric.source}_{end}"] for end in ("low", "high")]
    if len(found) == 1 and all(len(bound) == 1 for bound in bounds):
        summary = summary._replace(low=bounds[0].item(), high=bounds[1].item())
        interval = "bootstrap"
    scaled = {key: value * metric.scale for key, value in summary._asdict().items()}
    return scaled | {"seeds": summary.seeds, "interval": interval, "note": note}


def cell(row: str, dataset: str, encoder: str, metric: Metric, ours: dict, printed: float | None) -> dict:
    """Return a cell from `ours`, which has at least a mean or a note, and the printed value."""
    printed = math.nan if printed is None else printed
    return {
        "row": row,
        "dataset": dataset,
        "encoder": encoder,
        "metric": metric.name,
        "printed": printed,
        "difference": ours.get("mean", math.nan) - printed,
        "interval": "",
        **ours,
    }
