"""Tables 7 and 8 of kNN-MLTC: what retrieval costs in disk space and in time."""

import math
from collections.abc import Mapping
from itertools import product

import pandas as pd

from pushpull.papers.knn_mltc.rows import PAPER, base_models, describe_models
from pushpull.tables.captions import no_encoder, not_run
from pushpull.tables.cells import cell, missing_datasets, tidy
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

SIZES = (
    Metric("datastore_disk_usage", "datastore (GB)", "datastore_bytes", 2**-30, 3),
    Metric("datastore_megabytes", "datastore (MB)", "datastore_bytes", 2**-20, 1),
    Metric("model_megabytes", "model (MB)", "model_bytes", 2**-20, 1),
    Metric("documents", "documents in it", "documents", decimals=0),
)
TIMES = (
    Metric("inference_time", "one by one (ms)", "ms_single"),
    Metric("inference_time_batched", "in batches of 64 (ms)", "ms_batch"),
)


def table7(study: Study) -> Table:
    """Return the size of the datastore of training representations and label sets, and of the model."""
    text = (
        "Datastore of the training documents' representations and label sets, as it lies on disk; GB are 2^30 bytes, "
        "MB 2^20. Ours has a byte for each label, the printed sizes are those of 4 bytes. One run per cell, trained "
        "with the contrastive term."
    )
    return _table(study, "table7", "size of the datastore", text, SIZES, {"": ""})


def table8(study: Study) -> Table:
    """Return the time per text without and with kNN, one by one as in print, and in batches."""
    text = (
        f"Milliseconds per text, on {_device(study)}; printed: one by one, on one RTX 2080 Ti. One run per "
        "cell, trained with the contrastive term."
    )
    return _table(study, "table8", "inference time", text, TIMES, {" without kNN": "", " with kNN": "_knn"})


def _table(
    study: Study, table: str, title: str, text: str, metrics: tuple[Metric, ...], variants: Mapping[str, str]
) -> Table:
    """Return a table with a row per base model and variant, {end of the row's name: end of the metrics' sources}."""
    parts = [text, describe_models(study), f"Here: study {study.name}."]
    return Table(
        f"{PAPER}_{table}",
        f"kNN-MLTC, {table.replace('table', 'Table ')}: {title}",
        " ".join(filter(None, parts)),
        metrics,
        _cells(study, printed_values(PAPER, table), metrics, variants),
        labels(study, []),
        groups=("dataset",),
    )


def _cells(
    study: Study, printed: pd.DataFrame, metrics: tuple[Metric, ...], variants: Mapping[str, str]
) -> pd.DataFrame:
    target = printed.set_index(["row", "dataset", "metric"]).value.to_dict()
    measured = study.inference.groupby(["dataset", "encoder", "metric"]).value.first().to_dict()
    ours = {dataset: study.printed_as(dataset, PAPER) for dataset in study.datasets(PAPER)}
    places = ours | {name: name for name in missing_datasets(study, PAPER, printed)}
    cells = []
    for (dataset, name), (model, encoder) in product(places.items(), base_models(study).items()):
        for (suffix, source), metric in product(variants.items(), metrics):
            value = measured.get((dataset, encoder, metric.source + source), math.nan)
            found = {"mean": value * metric.scale, "seeds": 1, "note": ""}
            if math.isnan(value):
                found = {
                    "note": _reason(study, dataset, encoder) if dataset in ours else not_run(study, PAPER, dataset)
                }
            row = model + suffix
            cells.append(cell(row, dataset, encoder, metric, found, target.get((row, name, metric.name))))
    return tidy(cells)


def _reason(study: Study, dataset: str, encoder: str) -> str:
    if not encoder:
        return no_encoder(study)
    for run in study.info.get("untimed", []):
        if (run["dataset"], run["encoder"]) == (dataset, encoder):
            where = study.corpus_title(dataset, encoder)
            return f"missing on {where}: {run['reason']}" + (f" ({run['log']})" if run["log"] else "")
    return f"inference has not been measured for this dataset and encoder in study {study.name}"


def _device(study: Study) -> str:
    """Return where times were measured, if that was recorded."""
    return ", ".join(study.inference.device.drop_duplicates()) or "this machine"
