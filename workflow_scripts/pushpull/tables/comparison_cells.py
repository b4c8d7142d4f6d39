"""Tidy cells of a table whose rows are comparisons: one method's score minus another's."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from pushpull.tables.captions import not_run
from pushpull.tables.cells import chosen_values, missing_datasets, places, tidy
from pushpull.tables.rows import Metric, Row
from pushpull.tables.study import Study

Pair = tuple[Row, Row]


def comparison_cells(
    study: Study,
    paper: str,
    pairs: Sequence[Pair],
    metrics: Sequence[Metric],
    printed: Sequence[pd.DataFrame],
) -> pd.DataFrame:
    """Return the tidy cells of a table of comparisons, the difference in `mean`, its interval in `low` and `high`.

    Cells stand for the same places as those of `method_cells`. `printed` is the difference of the printed values of the
    first table that has both; `difference` is empty.

    Args:
        pairs: as in the paper's COMPARISONS.
        printed: tables as from `printed_values`.
    """
    targets = [table.set_index(["row", "dataset", "metric"]).value.to_dict() for table in printed]
    cells = []
    for dataset, shared in places(study, paper, [row for _, row in pairs]):
        for against, row in pairs:
            encoder = shared if row.encoder is None else row.encoder
            place = (paper, dataset, encoder)
            note = _note(study, place, (against, row))
            for metric in metrics:
                found = study.comparisons.get((*place, row.name, against.name, metric.source))
                target = _printed(targets, (against, row), study.printed_as(dataset, paper), metric)
                cells.append(_cell((against, row), dataset, encoder, metric, found, target, note))
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


def _note(study: Study, place: tuple[str, str, str], pair: Pair) -> str:
    """Return why there is no comparison, or where the runs take the released code's way."""
    found = [chosen_values(study, (*place, side.method), side) for side in pair]
    missing = [note for values, note in found if values is None]
    if missing:
        return missing[0]
    if (*place, pair[1].name, pair[0].name) not in {key[:5] for key in study.comparisons}:
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
