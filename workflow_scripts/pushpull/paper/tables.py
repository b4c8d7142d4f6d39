"""What a table consists of: metrics, rows, labels and a caption; its cells are made in `cells`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from pushpull.paper.selection import SELECTION_METRIC
from pushpull.paper.study import Study
from pushpull.paper.variants import released_caption

CHOSEN_BY = {
    "pretrained": "linear_probe",
    "contrastive": "linear_probe",
    "label_wise": "linear_probe",
    "supervised": "classifier",
    "joint": "classifier",
    "label_distance": "classifier",
    "finetune": "classifier",
    "text_label": "dbc_per_label",
    "zero_shot": "zero_shot_per_label",
}
"""Per kind of method, the protocol that shows it and that its grid point is chosen by."""

INTERVALS = {
    "student_t": "Student's t over seeds",
    "bootstrap": "bootstrap over test documents where there is one run",
    "paired_bootstrap": "paired bootstrap over test documents and seeds",
    "paired_documents": "paired bootstrap over test documents where there is one pair of runs",
}
"""What the 95 % interval of a cell may be: its name in the tidy table, and in words."""


@dataclass(frozen=True)
class Metric:
    """A column: `source` in metrics files, times `scale`, shown as `title` with `decimals` digits.

    `name` is the metric's name in the printed values and in the tidy table. With `change` the values are differences:
    they are shown with their sign, and with a star where their interval excludes 0.
    """

    name: str
    title: str
    source: str
    scale: float = 1.0
    decimals: int = 2
    change: bool = False


@dataclass(frozen=True)
class Row:
    """A line: `method` under `protocol`, with the grid point of the best validation `chosen_metric` under `chosen_by`.

    `name` is the paper's name of the line (or the method's title, for a method that the paper does not have),
    `title` says what it is. A line with an `encoder` has a cell per dataset, with that encoder, and none where it is
    empty; any other line has one per dataset and encoder. All lines of a table are of one sort.
    """

    name: str
    title: str
    method: str
    protocol: str
    chosen_by: str
    encoder: str | None = None
    chosen_metric: str = SELECTION_METRIC


@dataclass(frozen=True)
class Table:
    """A finished table: `cells` as in `cells.COLUMNS`, `labels` the words shown for rows, datasets, encoders.

    Columns stand in groups by the columns `groups` of `cells`; without any, the rows are the datasets themselves.
    `caption` need not say what spread and interval are: `rendering.full_caption` does, for every table.
    """

    name: str
    title: str
    caption: str
    metrics: tuple[Metric, ...]
    cells: pd.DataFrame
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    groups: tuple[str, ...] = ("dataset", "encoder")

    def label(self, kind: str, name: str) -> str:
        """Return the words shown for a name of the tidy table; `kind` is rows, datasets or encoders."""
        return self.labels.get((kind, name), name)

    @property
    def seeds(self) -> int | None:
        """Number of seeds behind every value; None where it differs, or no value comes from runs."""
        counts = self.cells.seeds.dropna().unique()
        return int(counts[0]) if len(counts) == 1 else None


MICRO_F1 = Metric("micro_f1", "micro-F1 (%)", "micro_f1", 100)
MACRO_F1 = Metric("macro_f1", "macro-F1 (%)", "macro_f1", 100)
HAMMING = Metric("hamming_loss_x1e3", "Hamming (×10⁻³)", "hamming_loss", 1000)
NO_SPREAD = "The paper does not say how many runs stand behind a number and prints no spread."


def extra_rows(study: Study, paper: str, rows: Iterable[Row], kinds: Sequence[str]) -> list[Row]:
    """Return rows for the study's further methods of these kinds, those that no row of `rows` shows.

    Args:
        rows: the rows of all tables of the paper.
        kinds: of those in `CHOSEN_BY`.
    """
    known = {row.method for row in rows}
    return [
        Row(study.title("methods", method), "", method, CHOSEN_BY[kind], CHOSEN_BY[kind])
        for method in study.methods(paper)
        if method not in known and (kind := study.kind(method)) in kinds
    ]


def labels(study: Study, rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return the words to show, by (`rows`, `datasets` or `encoders`, name in the tidy table)."""
    shown = {("rows", row.name): f"{row.name} ({row.title})" if row.title else row.name for row in rows}
    titles = {(kind, key): study.title(kind, key) for kind in ("datasets", "encoders") for key in study.info[kind]}
    return titles | shown


def describe(study: Study, paper: str) -> str:
    """Return what the study ran for `paper`, for captions: encoders, epochs, the study's note, the released code's way.

    Of the paper's way and the released code's (`settings.RELEASED_CODE`) the paper's goes without saying.
    """
    runs = [run for key, found in study.runs.items() if key[0] == paper for run in found]
    encoders = ", ".join(study.title("encoders", e) for e in dict.fromkeys(e for _, e in study.corpora(paper)))
    parts = [f"Here: study {study.name}", encoders]
    epochs: dict[str, set[int]] = {}
    for run in runs:
        if "epochs" in run["settings"]:
            epochs.setdefault(study.kind(run["method"]), set()).add(run["settings"]["epochs"])
    if epochs:
        listed = (f"{kind} {'/'.join(map(str, sorted(values)))}" for kind, values in epochs.items())
        parts.append(f"epochs: {', '.join(listed)}")
    listed = f"{'; '.join(part for part in parts if part)}."
    notes = study.info.get("note", ""), study.info.get("notes", {}).get(paper, "")
    return " ".join(filter(None, [listed, *notes, released_caption(study, paper)]))


def not_run(study: Study, paper: str, dataset: str) -> str:
    """Return the reason of a cell whose printed data set has no run for `paper` in the study."""
    if dataset in (study.printed_as(ours, paper) for ours in study.info["datasets"]):
        return f"{dataset} has no run for {paper} in study {study.name}"
    return f"{dataset} is not in study {study.name}; add it to config.yaml or run a study that has it"


def no_encoder(study: Study) -> str:
    """Return the reason of a cell whose printed base model no encoder of the study stands for."""
    return f"no encoder of study {study.name} stands for this base model; name one with `printed_as` in config.yaml"
