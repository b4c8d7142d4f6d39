"""What a study has measured, read once and asked by tables, figures and report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import pandas as pd

from pushpull.tables.shown import Shown, shown_runs

KEY = ["paper", "dataset", "encoder", "method"]
NAMES = [*KEY, "setting", "protocol", "split", "metric"]
COMPARED = ["paper", "dataset", "encoder", "row", "against", "metric"]
INFERENCE = ["dataset", "encoder", "method", "setting", "seed", "metric", "value", "device"]
NEIGHBOURHOODS = ["dataset", "encoder", "method", "document", "rank", "x", "y", "shared", "labels"]
LABEL_DISTANCES = ["dataset", "encoder", "method", "setting", "seed", "first", "second", "distance"]
TEXTS = ["dataset", "encoder", "method", "setting", "document", "metric", "device", "first", "second"]


@dataclass(frozen=True)
class Study:
    """A study: its metrics and runs by (paper, dataset, encoder, method), and the cards of its datasets.

    `info` is the content of `runs.json`. `comparisons` has the rows of `comparisons.csv` (see `comparisons.compare`) by
    the columns of `COMPARED`, `inference` the rows of `inference.csv` (size of the datastore, time per text),
    `neighbourhoods` those of `neighbourhoods.csv` (t-SNE of a test document and its neighbours) and `label_distances`
    those of `label_distances.csv` (the label-distance matrix after training, a row per pair of labels). `missing` has
    the runs that the study was to have and has not, with `reason` and `log`, by the same keys as `runs`. Of a study as
    one table or figure shows it (`only_shown`), `whole` is the study with all its runs.
    """

    info: dict
    metrics: dict[tuple[str, str, str, str], pd.DataFrame]
    runs: dict[tuple[str, str, str, str], list[dict]]
    cards: dict[str, dict]
    comparisons: dict[tuple, dict] = field(default_factory=dict)
    inference: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=INFERENCE))
    neighbourhoods: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=NEIGHBOURHOODS))
    label_distances: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LABEL_DISTANCES))
    missing: dict[tuple[str, str, str, str], list[dict]] = field(default_factory=dict)
    whole: "Study | None" = None

    @property
    def name(self) -> str:
        return self.info["study"]

    def title(self, kind: str, key: str) -> str:
        """Return the title of a member of "datasets", "encoders" or "methods"; `key` where it has none."""
        return self.info[kind].get(key, {}).get("title", key)

    def corpus_title(self, dataset: str, encoder: str) -> str:
        """Return the titles of a dataset and an encoder, as a heading."""
        return f"{self.title('datasets', dataset)}, {self.title('encoders', encoder)}"

    def kind(self, method: str) -> str:
        """Return a method's kind, one of those in `kinds.KINDS`."""
        return self.info["methods"][method]["kind"]

    def corpora(self, paper: str) -> list[tuple[str, str]]:
        """Return the (dataset, encoder) pairs with a run for `paper`, be it a missing one, in the configured order."""
        found = {key[1:3] for key in self.runs | self.missing if key[0] == paper}
        return [(d, e) for d in self.info["datasets"] for e in self.info["encoders"] if (d, e) in found]

    def datasets(self, paper: str) -> list[str]:
        """Return the datasets that have a run for `paper`, be it a missing one, in the order of the configuration."""
        return list(dict.fromkeys(dataset for dataset, _ in self.corpora(paper)))

    def methods(self, paper: str) -> list[str]:
        """Return the methods that have a run for `paper`, be it a missing one, in the order of the configuration."""
        found = {key[3] for key in self.runs | self.missing if key[0] == paper}
        return [method for method in self.info["methods"] if method in found]

    def papers(self) -> list[str]:
        """Return the papers that the study has runs for, in the order of the runs."""
        return list(dict.fromkeys(key[0] for key in self.runs))

    def printed_as(self, key: str, paper: str, kind: str = "datasets") -> str | None:
        """Return the name under which `paper` prints values for a member of "datasets" or "encoders", or None."""
        return self.info[kind][key].get("printed_as", {}).get(paper)


def only_shown(study: Study, paper: str, shown: Shown) -> Study:
    """Return the study with the runs alone that a table or figure of a paper shows.

    Where it shows none by design, or its methods are not in the study at all, the study stays as it is, for cells and
    panels to say so.
    """
    runs, missing = (
        shown_runs(shown, paper, study.info.get(part, []), study.info["datasets"]) for part in ("runs", "missing")
    )
    of_paper = {
        run["method"] for part in ("runs", "missing") for run in study.info.get(part, ()) if run["paper"] == paper
    }
    if not runs and not missing and not of_paper & shown.methods:
        return study
    if shown.first:
        there = {(run["dataset"], run["encoder"], run["method"]) for run in runs}
        missing = [run for run in missing if (run["dataset"], run["encoder"], run["method"]) not in there]
    datasets = {run["dataset"] for run in (*runs, *missing)}
    cards = {name: card for name, card in study.cards.items() if name in datasets}
    return replace(study, runs=_by_key(runs), missing=_by_key(missing), cards=cards, whole=study.whole or study)


def load_study(
    metrics: str | Path | TextIO,
    runs: str | Path | dict,
    cards: Sequence[str | Path] = (),
    comparisons: Sequence[str | Path] = (),
    inference: str | Path | TextIO | None = None,
    neighbourhoods: str | Path | None = None,
    label_distances: str | Path | TextIO | None = None,
) -> Study:
    """Read a study: `metrics.csv`, `runs.json`, the `card.json` of its datasets, and what else is needed.

    A CSV file may be given as an open stream, and what `runs.json` holds as it is.
    """
    info = runs if isinstance(runs, dict) else _json(runs)
    further = {"inference": inference, "neighbourhoods": neighbourhoods, "label_distances": label_distances}
    table = _table(metrics, NAMES)
    return Study(
        info=info,
        metrics=dict(iter(table.groupby(KEY, sort=False))),
        runs=_by_key(info["runs"]),
        missing=_by_key(info.get("missing", [])),
        cards={card["dataset"]: card for card in map(_json, cards)},
        comparisons=_comparisons(comparisons),
        **{name: _table(path, TEXTS) for name, path in further.items() if path},
    )


def _comparisons(files: Sequence[str | Path]) -> dict[tuple, dict]:
    tables = [_table(file, COMPARED).set_index(COMPARED).to_dict("index") for file in files]
    return {key: found for table in tables for key, found in table.items()}


def _by_key(runs: Sequence[dict]) -> dict[tuple, list[dict]]:
    by_key: dict[tuple, list[dict]] = {}
    for run in runs:
        by_key.setdefault(tuple(run[part] for part in KEY), []).append(run)
    return by_key


def _table(path: str | Path | TextIO, texts: Sequence[str]) -> pd.DataFrame:
    """Read a CSV with columns of text, in which a word such as "nan" is a name; its `value` may be missing."""
    return pd.read_csv(path, dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values={"value": ["", "nan"]})


def _json(path: str | Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))
