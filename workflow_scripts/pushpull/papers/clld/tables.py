"""Tables 2 and 3 of CLLD: contrastive learning with label distances for text classification."""

from dataclasses import replace

from pushpull.papers.clld.ladder import printed_ablation
from pushpull.papers.clld.rows import (
    ABLATION,
    CLSLD,
    CT,
    MAIN,
    METRICS,
    PAPER,
    PRINTED_ABLATION,
    base_models,
    described,
    further_variants,
)
from pushpull.tables.base_models import model_rows, named_models
from pushpull.tables.captions import NO_SPREAD
from pushpull.tables.cells import method_cells, with_suspects
from pushpull.tables.printed import printed_values, suspect_values
from pushpull.tables.rows import Row
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

CAPTIONS = {
    "figure2": (
        "Label distances that adaptive CLLD has after training: 1 for classes never confused on validation, more for "
        "classes confused often; the darker, the larger, and the more the two classes are pushed apart. Row: class of "
        "the anchor; column: class that it is contrasted with. The diagonal is 1 by construction. Outlined: families, "
        "the classes whose names are the same up to the first dot (comp, rec, sci, talk); classes without a family "
        "come last. Below: mean distance of the pairs inside a family and of all others, without the diagonal. "
        "20 Newsgroups where the study has it, else its first dataset; base model: the first one measured, in the "
        "order of Table 2; first seed. The paper prints no numbers."
    ),
}
CHOICE = "Where there are several grid points, each row shows the one with the best validation micro-F1."


def table2(study: Study) -> Table:
    """Return the main results: base models alone, and with CLLD."""
    text = (
        "Base models alone, and with CLLD: the contrastive task beside, with static label distances, larger between "
        f"hand-picked pairs of classes (ours, from config.yaml; the paper does not print its own). {CHOICE}"
    )
    table = _table(study, "table2", "main results", text, model_rows(base_models(study), MAIN))
    return replace(table, cells=with_suspects(table.cells, study, PAPER, suspect_values(PAPER, "table2")))


def table3(study: Study) -> Table:
    """Return the ablation, on the printed dataset and wherever more than the rows of Table 2 was run."""
    study = _ablated(study)
    text = (
        "CT: classification task alone. CL: contrastive task beside, every label distance 1. CLSLD: static label "
        "distances, larger between hand-picked pairs of classes; CLALD: adaptive ones, from the classes confused on "
        "validation. Ours: the other reading of the static distances, one large distance for every pair, so a lower "
        f"temperature of CL. {CHOICE}"
    )
    rows = model_rows(named_models(study, PAPER, [PRINTED_ABLATION]), ABLATION | further_variants(study))
    return _table(study, "table3", "label distances", text, rows)


def _table(study: Study, table: str, title: str, text: str, rows: list[Row]) -> Table:
    printed = printed_ablation() if table == "table3" else printed_values(PAPER, table)
    return Table(
        f"{PAPER}_{table}",
        f"CLLD, {table.replace('table', 'Table ')}: {title}",
        f"{described(study, text)} {NO_SPREAD}",
        METRICS,
        method_cells(study, PAPER, rows, METRICS, printed),
        labels(study, []),
        groups=("dataset",),
    )


def _ablated(study: Study) -> Study:
    """Return the study less the datasets that print lacks and on which no more than the rows of Table 2 was run."""
    printed = set(printed_ablation().dataset)
    further = {key[:2] for key in study.runs if key[3] not in (CT.method, CLSLD.method)}
    return replace(
        study,
        whole=None,  # the caption speaks of these runs alone
        runs={
            key: runs
            for key, runs in study.runs.items()
            if key[0] == PAPER and (key[:2] in further or study.printed_as(key[1], PAPER) in printed)
        },
    )
