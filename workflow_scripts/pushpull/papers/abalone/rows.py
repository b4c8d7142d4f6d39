"""The methods that ABALONE compares: what its tables and its figures have in common."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pushpull.kinds import KINDS
from pushpull.tables.rows import Row, further_methods
from pushpull.tables.shown import CARDS, NOTHING, Shown, methods

if TYPE_CHECKING:
    from pushpull.tables.study import Study

PAPER = "abalone"
TEMPERATURE = 0.1
"""The temperature of every result but those of Table 2 (ABALONE, section 4)."""


def _probe(name: str, title: str, method: str) -> Row:
    return Row(name, title, method, "linear_probe", "linear_probe")


def _classifier(name: str, title: str, method: str) -> Row:
    return Row(name, title, method, "classifier", "classifier")


PRETRAINED = _probe("L_MLM", "pre-trained encoder", "pretrained")
BASE = _probe("L_Base", "contrastive baseline", "base")
MSC = _probe("L_MSC", "proposed loss", "msc")
BQUEUE = _probe("L_BQueue", "baseline + queue", "base_queue")
BQPROTO = _probe("L_BQProto", "baseline + queue + prototypes", "base_queue_prototypes")
ASYMMETRIC = _classifier("L_ASY", "asymmetric loss", "asymmetric")
FOCAL = _classifier("L_FCL", "focal loss", "focal")
BCE = _classifier("L_BCE", "binary cross-entropy", "bce")
BASE_FT = _classifier("L_Base-FT", "baseline, then fine-tuned", "base_ft")
MSC_FT = _classifier("L_MSC-FT", "proposed, then fine-tuned", "msc_ft")

MULCON = _probe("MulCon + BCE", "", "mulcon")
MULCON_ALONE = _probe("MulCon alone", "", "mulcon_alone")

ROWS2 = (PRETRAINED, BASE, BQUEUE, BQPROTO, MSC)
ROWS3 = (ASYMMETRIC, FOCAL, BCE, BASE, BASE_FT, MSC, MSC_FT)
ROWS4 = (PRETRAINED, BCE, BASE, BASE_FT, MSC, MSC_FT)

COMPARISONS = (
    *pairwise(ROWS2),
    (MSC, BCE),
    (BCE, ASYMMETRIC),
    (BCE, FOCAL),
    (BASE, BASE_FT),
    (MSC, MSC_FT),
    (BASE, MSC),
)
"""(a, b): b is compared with a. The steps of the ladder, the further rows of Table 3, then the ladder as a whole."""


_KNOWN = methods(ROWS2 + ROWS3)
_CLUSTERS = Shown(methods(ROWS4), tuple(KINDS), _KNOWN, "table4", TEMPERATURE)
SHOWN = {
    "table1": CARDS,
    "table2": Shown(methods(ROWS2), ("pretrained", "contrastive", "label_wise"), _KNOWN, "table2"),
    "table3": Shown(
        methods(ROWS3), ("supervised", "contrastive", "label_wise", "finetune"), _KNOWN, "table3", TEMPERATURE
    ),
    "table4": _CLUSTERS,
    "table_ladder": Shown(_KNOWN, temperature=TEMPERATURE, made_of=("metrics", "cards", "comparisons")),
    "figure1": NOTHING,
    "figure2": _CLUSTERS,
    "figure_forces": Shown(methods([BASE, MSC]), temperature=TEMPERATURE),
    "figure_collapse": Shown(methods([MULCON, MULCON_ALONE]), temperature=TEMPERATURE),
}
"""Which runs each table and figure shows."""


def rows_of(study: Study, rows: tuple[Row, ...], *kinds: str) -> list[Row]:
    """Return `rows`, and one for each further method of these kinds that the paper does not have."""
    further = further_methods(study, PAPER, _KNOWN, kinds).items()
    protocols = {method: KINDS[study.kind(method)].chosen_by for method, _ in further}
    return [*rows, *(Row(title, "", method, protocols[method], protocols[method]) for method, title in further)]


def clustering_rows(study: Study) -> list[Row]:
    """Return the encoders of Table 4 and Figure 2: chosen as in Table 3, measured by clustering quality."""
    rows = rows_of(study, ROWS4, *KINDS)
    return [Row(row.name, row.title, row.method, "clustering", row.chosen_by) for row in rows]
