"""From the metrics of single runs to the one metrics file of a study."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from pushpull.errors import InputError
from pushpull.files import atomic_path

RUN_HEADER = ["protocol", "split", "metric", "value"]
RUN_KEYS = ["paper", "dataset", "encoder", "method", "setting", "seed"]
DISTANCE_HEADER = ["dataset", "encoder", "method", "setting", "seed", "first", "second", "distance"]
INFERENCE_HEADER = ["dataset", "encoder", "method", "setting", "seed", "metric", "value", "device"]


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
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(RUN_KEYS + RUN_HEADER)
        for file, run in zip(metric_files, runs, strict=True):
            writer.writerows([run[key] for key in RUN_KEYS] + row for row in _rows(file))


def collect_inference(files: Sequence[str | Path], runs: Sequence[dict], path: str | Path) -> None:
    """Write one CSV with the columns of `INFERENCE_HEADER`: size of datastore and model, and times, of the timed runs.

    Args:
        files: one `inference.json` per run, in the order of `runs`.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(INFERENCE_HEADER)
        for file, run in zip(files, runs, strict=True):
            found = json.loads(Path(file).read_text(encoding="utf-8"))
            identity = [run[key] for key in INFERENCE_HEADER[:5]]
            writer.writerows([*identity, metric, value, found["device"]] for metric, value in found["metrics"].items())


def collect_label_distances(files: Sequence[str | Path], runs: Sequence[dict], path: str | Path) -> None:
    """Write one CSV with the columns of `DISTANCE_HEADER`: the final distance of each pair of classes of the runs.

    Args:
        files: one `label_distances.csv` per run, in the order of `runs`: class names, then a row for each of them.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(DISTANCE_HEADER)
        for file, run in zip(files, runs, strict=True):
            with Path(file).open(encoding="utf-8", newline="") as matrix:
                names, *rows = list(csv.reader(matrix))
            identity = [run[key] for key in DISTANCE_HEADER[:5]]
            for first, distances in zip(names, rows, strict=True):
                writer.writerows([*identity, first, *pair] for pair in zip(names, distances, strict=True))


def _rows(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    if header != RUN_HEADER or any(len(row) != len(RUN_HEADER) for row in rows):
        raise InputError(
            f"{path}: every row must have the columns {','.join(RUN_HEADER)}; "
            "delete the file and run the same command again"
        )
    return rows
