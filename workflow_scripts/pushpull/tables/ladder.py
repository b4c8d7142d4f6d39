"""The table of a paper's comparisons, step by step: its rows are one method's score minus another's."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pushpull.tables.base_models import model_rows
from pushpull.tables.captions import not_run
from pushpull.tables.cells import chosen_values, missing_datasets, places, tidy
from pushpull.tables.rows import MACRO_F1, MICRO_F1, Metric, Row
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

Pair = tuple[Row, Row]

RESAMPLED = (
    "judged on the same resampled documents; resampling two or three seeds understates their spread. p-values: "
    "comparisons.csv."
)
PAIRED = f"Runs are paired by seed and {RESAMPLED}"
"""How differences are found, for captions; `RESAMPLED` is for those that say more of the pairs."""


def ladder(
    study: Study,
    paper: str,
    title: str,
    caption: str,
    pairs: Mapping[Pair, Pair],
    printed: Sequence[pd.DataFrame],
    metrics: Iterable[Metric] = (MICRO_F1, MACRO_F1),
) -> Table:
    """Return the paper's `table_ladder`: differences in `mean`, in points, their intervals in `low` and `high`.

    Cells stand for the same places as those of `method_cells`. `printed` is the difference of the printed values of the
    first table that has both; `difference` is empty.

    Args:
        pairs: {pair as the table calls its rows: the same as in the paper's COMPARISONS}.
        printed: tables as from `printed_values`.
        metrics: columns in percent of which there are comparisons.
    """
    metrics = tuple(_change(metric) for metric in metrics)
    by_encoder = any(row.encoder is None for _, row in pairs)
    return Table(
        f"{paper}_table_ladder",
        title,
        caption,
        metrics,
        _cells(study, paper, pairs, metrics, printed),
        labels(study, []),
        groups=("dataset", "encoder") if by_encoder else ("dataset",),
    )


def pairs_by_model(
    comparisons: Iterable[Pair], models: Mapping[str, str], variants: Mapping[str, Row]
) -> dict[Pair, Pair]:
    """Return every comparison for every base model, as `ladder` takes them.

    Args:
        comparisons: COMPARISONS of the paper.
        models, variants: as `model_rows` takes them.
    """
    suffixes = {row: suffix for suffix, row in variants.items()}
    return {
        tuple(model_rows({model: encoder}, {suffixes[side]: side for side in pair})): pair
        for model, encoder in models.items()
        for pair in comparisons
    }


def _change(metric: Metric) -> Metric:
    return replace(metric, title=f"Δ {metric.title.replace('(%)', '(points)')}", change=True)


def _cells(
    study: Study, paper: str, pairs: Mapping[Pair, Pair], metrics: Sequence[Metric], printed: Sequence[pd.DataFrame]
) -> pd.DataFrame:
    targets = [table.set_index(["row", "dataset", "metric"]).value.to_dict() for table in printed]
    cells = []
    for dataset, shared in places(study, paper, [row for _, row in pairs]):
        name = study.printed_as(dataset, paper)
        for pair, (against, row) in pairs.items():
            encoder = shared if pair[1].encoder is None else pair[1].encoder
            place = (paper, dataset, encoder)
            found = [study.comparisons.get((*place, row.name, against.name, metric.source)) for metric in metrics]
            note = _note(study, place, pair, made=any(found))
            for metric, difference in zip(metrics, found, strict=True):
                target = _printed(targets, pair, name, metric)
                cells.append(_cell(pair, dataset, encoder, metric, difference, target, note))
    for dataset in missing_datasets(study, paper, pd.concat(printed)):
        note = not_run(study, paper, dataset)
        cells += [
            _cell(pair, dataset, pair[1].encoder or "", metric, None, _printed(targets, pair, dataset, metric), note)
            for pair in pairs
            for metric in metrics
        ]
    return tidy(cells)


def _printed(targets: Sequence[Mapping], pair: Pair, dataset: str | None, metric: Metric) -> float:
    """Return the printed difference, NaN where no table prints both rows."""
    for target in targets:
        against, row = (target.get((side.name, dataset, metric.name)) for side in pair)
        if against is not None and row is not None:
            return round(row - against, 6)
    return math.nan


def _note(study: Study, place: tuple[str, str, str], pair: Pair, made: bool) -> str:
    """Return why no comparison was made, or where the runs take the released code's way."""
    found = [chosen_values(study, (*place, side.method), side) for side in pair]
    missing = [note for values, note in found if values is None]
    if missing:
        return missing[0]
    if not made:
        return f"runs of {pair[1].method} and {pair[0].method} have no seed in common"
    return "; ".join(dict.fromkeys(note for _, note in found if note))


def _cell(
    pair: Pair, dataset: str, encoder: str, metric: Metric, found: dict | None, printed: float, note: str
) -> dict:
    against, row = pair
    place = {"row": f"{row.name} vs {against.name}", "dataset": dataset, "encoder": encoder, "metric": metric.name}
    cell = {**place, "mean": math.nan, "interval": "", "printed": printed, "note": note}
    if found is None:
        return cell
    mean, low, high = (found[key] * metric.scale for key in ("difference", "low", "high"))
    interval = "paired_bootstrap" if found["seeds"] > 1 else "paired_documents"
    return cell | {"mean": mean, "low": low, "high": high, "seeds": found["seeds"], "interval": interval}
