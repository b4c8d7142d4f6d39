"""The table that no paper prints: every method under every protocol."""

from pushpull.kinds import KINDS
from pushpull.tables.captions import describe
from pushpull.tables.cells import method_cells
from pushpull.tables.printed import no_printed_values
from pushpull.tables.rows import MACRO_F1, MICRO_F1, Row
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

PROTOCOLS = {
    "linear_probe": "linear probe",
    "classifier": "classifier",
    "knn": "kNN",
    "knn_mixed": "kNN, mixed",
    "dbc_fixed": "DBC, fixed 0.5",
    "dbc_one": "DBC, one threshold",
    "dbc_per_label": "DBC, threshold per label",
    "dbc_exact": "DBC, exact thresholds",
    "dbc_one_macro": "DBC, one threshold by macro-F1",
    "dbc_joint": "DBC, joint thresholds",
    "dbc_folds": "DBC, thresholds over folds",
    "dbc_shrunk": "DBC, shrunk thresholds",
    "dbc_nearest": "DBC, nearest label",
    "dbc_exact_top1": "DBC, exact thresholds + top 1",
    "zero_shot": "zero-shot",
    "zero_shot_per_label": "zero-shot, threshold per label",
}


def overview_table(study: Study, paper: str) -> Table:
    """Return micro-F1 and macro-F1 on test of every method under every protocol measured for `paper`.

    The grid point is chosen by validation micro-F1 under the protocol shown.
    """
    measured = {
        (key[3], protocol)
        for key, metrics in study.metrics.items()
        if key[0] == paper
        for protocol in metrics.protocol.unique()
    }
    rows = [
        Row(f"{study.title('methods', method)}, {title}", "", method, protocol, protocol)
        for method in study.methods(paper)
        for protocol, title in PROTOCOLS.items()
        if (method, protocol) in measured
    ]
    cells = method_cells(study, paper, rows, (MICRO_F1, MACRO_F1), no_printed_values())
    return Table(
        f"{paper}_overview",
        "Every protocol",
        f"Test scores of every method under every protocol. {describe(study, paper)}",
        (MICRO_F1, MACRO_F1),
        cells,
        labels(study, rows),
    )


def main_table(study: Study, paper: str) -> Table:
    """Return the same scores, each method under its own protocol only (`kinds.KINDS`): the headline numbers."""
    rows = [
        Row(study.title("methods", method), "", method, KINDS[kind].chosen_by, KINDS[kind].chosen_by)
        for method in study.methods(paper)
        for kind in [study.kind(method)]
    ]
    cells = method_cells(study, paper, rows, (MICRO_F1, MACRO_F1), no_printed_values())
    return Table(
        f"{paper}_headline",
        "Headline numbers",
        "Test scores: linear probe for frozen and contrastive encoders, DBC for those trained on label texts, own "
        "classifier for the others. "
        f"{describe(study, paper)}",
        (MICRO_F1, MACRO_F1),
        cells,
        labels(study, rows),
    )
