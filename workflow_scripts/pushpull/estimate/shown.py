"""Which runs of a plan each table and figure of a paper shows."""

import csv
from functools import cache
from typing import NamedTuple

from pushpull.estimate.workload import PRINTED
from pushpull.grid import Run
from pushpull.paper import clld_rows as clld
from pushpull.paper import knn_mltc_rows as knn_mltc
from pushpull.paper import push_pull_rows as push_pull
from pushpull.paper.abalone_rows import BASE, MSC, MULCON, MULCON_ALONE, ROWS2, ROWS3, ROWS4, TEMPERATURE
from pushpull.paper.tables import Row
from pushpull.plan import Plan
from pushpull.settings import CLASSIFIER, PROBED


class Shown(NamedTuple):
    """What a table or figure shows.

    Attributes:
        methods: of its rows.
        kinds: of the methods without a row of their own that it takes in.
        temperature: the one that goes before the others of the grid; None: all of them.
        printed: the printed table whose datasets it has; None: it is not printed and has them all.
        first: whether it shows only the first run of each dataset, encoder and method.
    """

    methods: frozenset[str]
    kinds: tuple[str, ...]
    temperature: float | None
    printed: str | None
    first: bool = False


def _methods(*rows: Row) -> frozenset[str]:
    return frozenset(row.method for row in rows)


def _rows(table: str | None, *rows: Row, kinds: tuple[str, ...] = (), first: bool = False) -> Shown:
    return Shown(_methods(*rows), kinds, None, table, first)


_ALL_KNN = tuple(row for pair in knn_mltc.COMPARISONS for row in pair)
_ALL_CLLD = tuple(clld.ABLATION.values())
_EMBEDDED = (push_pull.UNTRAINED, *push_pull.LOSSES)
_ALL_PUSH_PULL = (*_EMBEDDED, push_pull.BCE, push_pull.ZERO_SHOT)
_CLUSTERS = Shown(_methods(*ROWS4), ("pretrained", *CLASSIFIER, "contrastive", "label_wise"), TEMPERATURE, "table4")
# None: drawn or counted without a run.
SHOWN: dict[str, dict[str, Shown | None]] = {
    "abalone": {
        "table1": None,
        "table2": Shown(_methods(*ROWS2), ("pretrained", "contrastive", "label_wise"), None, "table2"),
        "table3": Shown(
            _methods(*ROWS3), ("supervised", "contrastive", "label_wise", "finetune"), TEMPERATURE, "table3"
        ),
        "table4": _CLUSTERS,
        "table_ladder": Shown(_methods(*ROWS2, *ROWS3), (), TEMPERATURE, None),
        "figure1": None,
        "figure2": _CLUSTERS,
        "figure_forces": Shown(_methods(BASE, MSC), (), TEMPERATURE, None),
        "figure_collapse": Shown(_methods(MULCON, MULCON_ALONE), (), TEMPERATURE, None),
    },
    "knn_mltc": {
        "table2": None,
        "table3": _rows("table3", knn_mltc.MODEL, knn_mltc.CL_KNN),
        "table4": _rows("table4", *knn_mltc.ABLATION.values(), kinds=("supervised", "joint")),
        "table5": _rows("table5", knn_mltc.WITHOUT_BETA, knn_mltc.CL_KNN),
        "table6": _rows("table6", knn_mltc.MODEL, knn_mltc.CL_KNN),
        "table7": _rows("table7", knn_mltc.CL, first=True),
        "table8": _rows("table8", knn_mltc.CL, first=True),
        "table_ladder": _rows(None, *_ALL_KNN),
        "figure2": _rows(None, knn_mltc.CL_KNN),
        "figure3": _rows(None, knn_mltc.MODEL, knn_mltc.CL, first=True),
        "figure4": _rows(None, knn_mltc.MODEL, knn_mltc.CL),
    },
    "clld": {
        "table2": _rows("table2", *clld.MAIN.values()),
        "table3": _rows("table3", *_ALL_CLLD, kinds=("supervised", "label_distance")),
        "table_ladder": _rows(None, *_ALL_CLLD),
        "figure2": _rows(None, clld.CLALD, first=True),
    },
    "push_pull": {
        "table1": _rows(None, *_ALL_PUSH_PULL, kinds=(*PROBED, *CLASSIFIER)),
        "table_rules": _rows(None, *_EMBEDDED, push_pull.ZERO_SHOT, kinds=PROBED),
        "table_ladder": _rows(None, *_EMBEDDED),
        "figure1": _rows(None, *_EMBEDDED, kinds=PROBED),
    },
}
# Methods with a row in a paper's own tables; the others are further ones.
WITH_ROW = {
    "abalone": _methods(*ROWS2, *ROWS3),
    "knn_mltc": _methods(*_ALL_KNN),
    "clld": _methods(*_ALL_CLLD),
    "push_pull": _methods(*_ALL_PUSH_PULL),
}


def runs_shown(plan: Plan, paper: str, artefact: str) -> list[Run]:
    """Runs that a table or figure of a paper shows; datasets that the paper prints, but not there, are left out."""
    shown = SHOWN[paper][artefact]
    if shown is None:
        return []
    runs = [
        run
        for run in plan.papers[paper].values()
        if run.method in shown.methods or (run.method not in WITH_ROW[paper] and run.settings["kind"] in shown.kinds)
        if _has_dataset(paper, shown.printed, plan.config["datasets"][run.dataset].get("printed_as", {}).get(paper))
    ]
    if shown.first:
        return list({run[:3]: run for run in reversed(runs)}.values())[::-1]
    if shown.temperature is None:
        return runs
    # As in the tables: where a method has grid points at the table's temperature, its others are not shown.
    at_it = {run[:3] for run in runs if run.settings.get("temperature") == shown.temperature}
    return [run for run in runs if run[:3] not in at_it or run.settings["temperature"] == shown.temperature]


@cache
def _has_dataset(paper: str, table: str | None, dataset: str | None) -> bool:
    """Whether a printed table has a dataset, by its printed name; what a paper does not print at all is in each."""
    if dataset is None or table is None:
        return True
    (path,) = PRINTED.glob(f"{paper}_{table}_*.csv")
    with path.open(newline="", encoding="utf-8") as stream:
        return dataset in {row["dataset"].removesuffix(" test") for row in csv.DictReader(stream)}
