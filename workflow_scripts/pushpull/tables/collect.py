"""From the files of single runs to those of a study, or to the study as one table or figure shows it."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

from pushpull.errors import InputError
from pushpull.files import atomic_path

RUN_HEADER = ["protocol", "split", "metric", "value"]
RUN_KEYS = ["paper", "dataset", "encoder", "method", "setting", "seed"]
DISTANCE_HEADER = [*RUN_KEYS[1:], "first", "second", "distance"]
INFERENCE_HEADER = [*RUN_KEYS[1:], "metric", "value", "device"]


def collect(metric_files: Sequence[str | Path], runs: Sequence[dict], path: str | Path) -> None:
    """Write one CSV with the columns of `RUN_KEYS` and `RUN_HEADER`: the metrics of the runs, in their order.

    Numbers are copied digit by digit. A run that serves two papers stands in `runs` (and its file in
    `metric_files`) twice, and so do its rows.

    Args:
        metric_files: one `metrics.csv` per run, in the order of `runs`.
        runs: dictionaries with at least the keys of `RUN_KEYS`.

    Raises:
        InputError: a file lacks the header of a metrics file, or a row lacks a column.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        _write(stream, RUN_KEYS + RUN_HEADER, _metrics(zip(runs, metric_files, strict=True)))


def open_shown(record: dict, files: SimpleNamespace) -> "Study":
    """Return the study with what a table or figure is made of.

    Args:
        record: what `runs.json` says.
        files: named inputs of the rule, any of `metrics`, `inference`, `models`, `comparisons`, `neighbourhoods` and
            `cards`, each a list of files.
    """
    from pushpull.tables.study import load_study  # `collect` does without pandas

    found = {name: list(files.get(name, ())) for name in ("comparisons", "neighbourhoods", "cards")}
    metrics = _with_runs(record, files.get("metrics", ()))
    timed = _with_runs(record, files.get("inference", ()), once=True)
    distant = _with_runs(record, files.get("models", ()), once=True)
    return load_study(
        _table(RUN_KEYS + RUN_HEADER, _metrics(metrics)),
        record,
        found["cards"],
        found["comparisons"],
        _table(INFERENCE_HEADER, _inference(timed)),
        next(iter(found["neighbourhoods"]), None),
        _table(DISTANCE_HEADER, _distances(distant)),
    )


def open_study(files: SimpleNamespace) -> "Study":
    """Return a whole study from its files, the named inputs of the rule `report`."""
    from pushpull.tables.study import load_study

    record = json.loads(Path(files.runs).read_text(encoding="utf-8"))
    timed = _table(INFERENCE_HEADER, _inference(_with_runs(record, files.inference, once=True)))
    return load_study(files.metrics, record, files.cards, files.comparisons, timed)


def _with_runs(record: dict, files: Iterable[str], once: bool = False) -> list[tuple[dict, str]]:
    """Return (run, file in its folder) of the record's runs, in their order; `once`: however many papers it serves."""
    of = {str(Path(file).parent): file for file in files}
    pairs = [(run, of[run["path"]]) for run in record["runs"] if run["path"] in of]
    return list({file: (run, file) for run, file in pairs}.values()) if once else pairs


def _metrics(pairs: Iterable[tuple[dict, str | Path]]) -> Iterator[list]:
    for run, file in pairs:
        yield from ([run[key] for key in RUN_KEYS] + row for row in _rows(file))


def _inference(pairs: Iterable[tuple[dict, str]]) -> Iterator[list]:
    """Yield size of datastore and model, and times, of timed runs."""
    for run, file in pairs:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        for metric, value in found["metrics"].items():
            yield [*(run[key] for key in RUN_KEYS[1:]), metric, value, found["device"]]


def _distances(pairs: Iterable[tuple[dict, str]]) -> Iterator[list]:
    """Yield the final distance of each pair of classes of runs; a model has their names, then a row for each."""
    for run, model in pairs:
        with Path(model, "label_distances.csv").open(encoding="utf-8", newline="") as matrix:
            names, *rows = list(csv.reader(matrix))
        for first, distances in zip(names, rows, strict=True):
            for pair in zip(names, distances, strict=True):
                yield [*(run[key] for key in RUN_KEYS[1:]), first, *pair]


def _table(header: Sequence[str], rows: Iterable[list]) -> StringIO:
    stream = StringIO(newline="")
    _write(stream, header, rows)
    stream.seek(0)
    return stream


def _write(stream: TextIO, header: Sequence[str], rows: Iterable[list]) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def _rows(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    if header != RUN_HEADER or any(len(row) != len(RUN_HEADER) for row in rows):
        raise InputError(
            f"{path}: every row must have the columns {','.join(RUN_HEADER)}; "
            "delete the file and run the same command again"
        )
    return rows
