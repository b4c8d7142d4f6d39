"""Tables of Push and Pull: contrastive training of sentence encoders for distance-based multi-label classification."""

from dataclasses import replace

import pandas as pd

from pushpull.papers.push_pull.rows import (
    HEADLINE,
    PAPER,
    RULES,
    TOP1,
    ZERO_SHOT,
    classifier_rows,
    described,
    embedded_rows,
    text_models,
    zero_shot_rows,
)
from pushpull.tables.base_models import model_rows
from pushpull.tables.cells import method_cells
from pushpull.tables.printed import no_printed_values
from pushpull.tables.rows import MACRO_F1, MICRO_F1, Row
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

CAPTIONS = {
    "figure1": (
        "Thresholds of distance-based classification, a row of panels per dataset. Left: test macro-F1 against the "
        "number of validation documents that the thresholds are tuned on, random draws, a mean over five of them; a "
        "line per threshold rule. Lines: mean over seeds; bands: range of the seeds. Right: the exact threshold of "
        "every label against its number of training documents, without training (hollow) and with it (filled), mean "
        "over seeds; labels without a training document or with an infinite threshold are left out. Encoder and loss: "
        "those with the best validation macro-F1 under thresholds per label; the encoder without training is the same "
        "one. Only the abstract of the paper is public: the figure and the losses are our reconstruction."
    ),
}
METRICS = (MICRO_F1, MACRO_F1)
CHOICE = (
    "Where there are several grid points, each row shows the one with the best validation macro-F1: under DBC with "
    "thresholds per label, for a fine-tuned classifier under its own decisions."
)
SKIPPED = "zero-shot was skipped, its model could not be had: run.json of the run says why"
RULES_TEXT = (
    "Threshold rules of DBC. Fixed: half-way between the lowest and the highest validation score. One threshold: for "
    "all labels, with the best validation micro-F1 or macro-F1. Per label: the label's best F1 among 0, 0.01, ..., 1; "
    "exact: among all thresholds; joint: thresholds with the best micro-F1 together; folds: mean of five exact "
    "thresholds, each tuned without one of five folds; shrunk: exact, drawn towards the one threshold for labels with "
    "few validation positives. Zero-shot NLI without a rule: decided at probability 0.5. Apart, last, + top 1: a "
    "document above no threshold gets its nearest label."
)
PROBES = {"linear_probe": "linear probe", "knn": "kNN"}
"""Further protocols of the embeddings that Table 1 shows under DBC."""


def table1(study: Study) -> Table:
    """Return the main results: DBC before and after training, classifier, zero-shot, and probes of the embeddings."""
    embedded = embedded_rows(study)
    probes = {
        f": {row.name} + {title}": replace(row, protocol=protocol)
        for protocol, title in PROBES.items()
        for row in embedded
    }
    variants = {f": {row.name}": row for row in (*embedded, *classifier_rows(study))} | probes
    text = (
        "Distance-based classification (DBC): a document has the labels whose texts are near enough to its own, by "
        "cosine and one threshold per label, the best of 0, 0.01, ..., 1 on validation. Untrained: the encoder as it "
        "came. Text to label, texts and labels, margin: three losses; decoupled text to label and cosine BCE: variants "
        "of the first and the third. Zero-shot NLI: a label is given where the model says with probability "
        "0.5 or more that the text entails it, or above a threshold per label tuned in the same way. "
        f"Linear probe and kNN: on the embeddings of the same runs. {CHOICE}"
    )
    rows = [*model_rows(text_models(study), variants), *zero_shot_rows(study, (HEADLINE,))]
    return _table(study, "table1", "Table 1: before and after training", text, rows)


def table_rules(study: Study) -> Table:
    """Return every threshold rule, for the methods that the study runs; the rule that leaves no document empty last."""
    embedded = model_rows(text_models(study), {f": {row.name}": row for row in embedded_rows(study)})
    ruled, apart = (
        [
            replace(row, name=f"{row.name}, {title}", protocol=f"dbc_{rule}")
            for row in embedded
            for rule, title in rules.items()
        ]
        for rules in (RULES, TOP1)
    )
    rows = [*ruled, *zero_shot_rows(study, tuple(RULES)), *apart]
    measured = {key[2:4] for key in study.runs if key[0] == PAPER}
    # All of them where none was run: the table then says why.
    rows = [row for row in rows if (row.encoder, row.method) in measured] or rows
    return _table(study, "table_rules", "threshold rules", f"{RULES_TEXT} {CHOICE}", rows)


def _table(study: Study, table: str, title: str, text: str, rows: list[Row]) -> Table:
    return Table(
        f"{PAPER}_{table}",
        f"Push and Pull, {title}",
        described(study, text),
        METRICS,
        _with_skipped(method_cells(study, PAPER, rows, METRICS, no_printed_values()), study),
        labels(study, []),
        groups=("dataset",),
    )


def _with_skipped(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the cells, in the note of every zero-shot run that wrote no scores that it was skipped."""
    runs = {key for key in study.runs if key[0] == PAPER and key[3] == ZERO_SHOT.method}
    skipped = {key[1:3] for key in runs if key not in study.metrics}
    places = zip(cells.dataset, cells.encoder, strict=True)
    notes = [SKIPPED if place in skipped else note for place, note in zip(places, cells.note, strict=True)]
    return cells.assign(note=pd.Series(notes, cells.index, dtype="str"))
