"""Paired tests between methods: their decisions on the same test documents, run by run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from pushpull.data.dataset import label_names, read_labels
from pushpull.errors import InputError
from pushpull.evaluation.protocols import read_decisions
from pushpull.evaluation.significance import METRICS, paired_change, resampled_f1
from pushpull.files import atomic_path
from pushpull.tables.cells import chosen_runs
from pushpull.tables.rows import Row
from pushpull.tables.study import COMPARED, Study

COLUMNS = [*COMPARED, "difference", "low", "high", "seeds", "p"]

# metric -> (its value, float64 [resamples]) of one run
Scores = dict[str, tuple[float, np.ndarray]]


def compare(
    study: Study,
    paper: str,
    comparisons: Sequence[tuple[Row, Row]],
    data: Mapping[str, str | Path],
) -> pd.DataFrame:
    """Return a row for every comparison of a paper that the study can make, per dataset, encoder and metric.

    Each method is shown by the grid point that its row chooses, by validation. Runs are paired by seed; an encoder as
    it came is the same for every seed and is paired with each. Difference: mean over pairs, on all test documents;
    interval and p: `paired_change` over 1,000 resamples. A comparison without a pair of runs has no row.

    Args:
        comparisons: COMPARISONS of the paper, pairs (a, b): b is compared with a.
        data: dataset -> its folder, with test.parquet.

    Returns:
        The columns of `COLUMNS`; `row` is compared with `against`, a positive difference is in favour of `row`; scores
        are fractions in [0, 1], `seeds` is the number of pairs.

    Raises:
        InputError: decisions that are not there, or of other documents or labels than the dataset has.
    """
    rows = []
    for dataset, encoder in (place for place in study.corpora(paper) if place[0] in data):
        truth = read_labels(data[dataset], "test", label_names(study.cards[dataset]))
        scores = cache(lambda path, protocol, truth=truth: _scores(truth, path, protocol))
        for against, row in comparisons:
            chosen = [chosen_runs(study, (paper, dataset, encoder, side.method), side)[0] for side in (against, row)]
            names = (paper, dataset, encoder, row.name, against.name)
            rows += [(*names, *found) for found in _changes(pair_runs(study, *chosen), (against, row), scores)]
    return pd.DataFrame(rows, columns=COLUMNS)


def write_comparisons(comparisons: pd.DataFrame, path: str | Path) -> None:
    """Write the rows of `compare` as CSV, atomically."""
    with atomic_path(path) as temporary:
        comparisons.to_csv(temporary, index=False, lineterminator="\n")


def pair_runs(study: Study, against: list[dict], runs: list[dict]) -> list[tuple[dict, dict]]:
    """Return pairs of runs with the same seed; an encoder as it came is paired with every run of the other method."""

    def alike(a: dict, b: dict) -> bool:
        return a["seed"] == b["seed"] or "pretrained" in (study.kind(a["method"]), study.kind(b["method"]))

    return [(a, b) for a in against for b in runs if alike(a, b)]


def _changes(
    pairs: list[tuple[dict, dict]], rows: tuple[Row, Row], scores: Callable[[str, str], Scores]
) -> Iterator[tuple]:
    """Yield (metric, difference, low, high, seeds, p), the second of a pair minus the first; nothing without pairs."""
    measured = [[scores(run["path"], row.protocol) for run, row in zip(pair, rows, strict=True)] for pair in pairs]
    for metric in METRICS if measured else ():
        differences = np.array([b[metric][0] - a[metric][0] for a, b in measured])
        resampled = np.stack([b[metric][1] - a[metric][1] for a, b in measured])
        change = paired_change(differences, resampled)
        yield metric, change.difference, change.low, change.high, len(pairs), change.p


def _scores(truth: np.ndarray, path: str, protocol: str) -> Scores:
    """Return the scores of a run's test decisions; the resamples are the same for every run on these documents."""
    folder, rule = Path(path) / protocol, "half"
    if not folder.is_dir():  # a rule of a protocol that has several: dbc_one
        name, rule = protocol.split("_", 1)
        folder = Path(path) / name
    try:
        decisions = read_decisions(folder)[rule]["test"]
    except (FileNotFoundError, KeyError):
        raise InputError(f"{folder}/decisions.npz: no decisions of {protocol}; run the same command again") from None
    if decisions.shape != truth.shape:
        raise InputError(
            f"{folder}/decisions.npz: decisions are {decisions.shape} [documents, labels], the dataset has "
            f"{truth.shape}; delete the run's scores and run again"
        )
    resampled = resampled_f1(truth, decisions)
    return {metric: (score(truth, decisions), resampled[metric]) for metric, score in METRICS.items()}
