"""From the configuration to the list of runs, their settings and their paths. Imports nothing heavy.

The Snakefile asks this module for what each rule reads, so the rules hold no logic. Methods that take `wildcards` are
Snakemake input or params functions.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pushpull import stages
from pushpull.data.sources import load_sources
from pushpull.data.tables import csv_rows
from pushpull.errors import InputError, unknown
from pushpull.grid import RUN, Run, experiment_runs
from pushpull.missing import missing_runs, untimed_runs
from pushpull.paper.names import ARTEFACTS
from pushpull.settings import PROTOCOLS
from pushpull.study_record import study_record

DATA = "results/data/{dataset}"
# The paper whose tables show neighbours, inference times and datastores.
NEIGHBOURS_OF = "knn_mltc"


class Plan:
    """The runs of the chosen study, and what each rule reads; with `partial: true` those runs that are there.

    Args:
        config: a checked configuration (see `config.check`).

    Raises:
        InputError: `partial: true`, and no run of the study is there.
    """

    def __init__(self, config: dict) -> None:
        self.config = config
        self.study = config["study"]
        self.papers: dict[str, dict[tuple, Run]] = {paper: {} for paper in ARTEFACTS}
        study = config["studies"][self.study]
        for experiment in study["experiments"]:
            for run in experiment_runs(config, experiment, experiment.get("seeds", study["seeds"])):
                for paper in experiment["papers"]:
                    self.papers[paper][run[:5]] = run
        self._planned = self.papers
        self.partial = config.get("partial") in (True, "true")
        self._leave_out_missing()
        self.papers = {paper: runs for paper, runs in self.papers.items() if runs}
        self._all = {key: run for runs in self.papers.values() for key, run in runs.items()}

    def _leave_out_missing(self) -> None:
        every = {key: run for runs in self.papers.values() for key, run in runs.items()}
        timed = _first("joint", self.papers[NEIGHBOURS_OF])
        self._missing = missing_runs(every.values()) if self.partial else {}
        self._untimed = untimed_runs(timed, self._missing) if self.partial else {}
        self._timed = [run for run in timed if run[:5] not in self._untimed]
        if self.partial and len(self._missing) == len(every):
            raise InputError(f"study {self.study}: no run has been evaluated yet; leave partial=true away and run it")
        self.papers = {
            paper: {key: run for key, run in runs.items() if key not in self._missing}
            for paper, runs in self.papers.items()
        }

    # The list of runs.

    def runs(self) -> list[Run]:
        """Every run of the study, once."""
        return list(self._all.values())

    def kind(self, method: str) -> str:
        """Kind of a method, one of `settings.KINDS`."""
        return self.config["methods"][method]["kind"]

    # What the rules read.

    def names(self, part: str) -> str:
        """Names of `datasets`, `encoders` or `methods` as a regular expression, for wildcard constraints."""
        return "|".join(self.config[part])

    def methods(self, *kinds: str) -> str:
        """Methods of the given kinds as a regular expression."""
        return "|".join(name for name in self.config["methods"] if self.kind(name) in kinds) or "none"

    def run(self, wildcards) -> Run:
        """The run that the wildcards name.

        Raises:
            InputError: no such run in this study; the nearest path is named.
        """
        key = (wildcards.dataset, wildcards.encoder, wildcards.method, wildcards.setting, int(wildcards.seed))
        if key not in self._all:
            path = RUN.format(**wildcards)
            raise InputError(f"study {self.study}: {unknown('run', path, (run.path for run in self.runs()))}")
        return self._all[key]

    def settings(self, wildcards) -> dict:
        """Resolved settings of a run."""
        return self.run(wildcards).settings

    def record(self, wildcards) -> dict:
        """What run.json says of a run before it is run; the study is not in it, since studies share runs."""
        return self.run(wildcards)._asdict() | {"encoder_card": self.card(wildcards)}

    def card(self, wildcards) -> dict:
        """The encoder's entry in config.yaml, less what only tables show: it must not retrain anything."""
        return _without(self.config["encoders"][wildcards.encoder], "title", "printed_as", "licence")

    def remote_code(self, wildcards) -> bool:
        """Whether Python code that comes with the encoder may be run."""
        return self.card(wildcards).get("remote_code", False)

    def vectors(self, wildcards) -> list[str]:
        """The file of word vectors that an encoder starts from, if it has one."""
        return [path for path in [self.card(wildcards).get("vectors")] if path]

    def label_texts(self, wildcards) -> list[str]:
        """The user's file of label texts, if the dataset has one."""
        entry = self.config["datasets"][wildcards.dataset]
        return [entry["label_texts"]] if "label_texts" in entry else []

    def label_digest(self, wildcards) -> str:
        """Hash of the texts that a run reads from that file: another column may be edited and nothing runs again."""
        form = self.settings(wildcards)["label_text"]
        return " ".join(_column_digest(path, form) for path in self.label_texts(wildcards))

    def training_label_texts(self, wildcards) -> list[str]:
        """`label_texts` where training reads them: other runs are not trained again when one is edited."""
        return self.label_texts(wildcards) if self.kind(wildcards.method) == "text_label" else []

    def training_label_digest(self, wildcards) -> str:
        """`label_digest` where training reads label texts."""
        return self.label_digest(wildcards) if self.kind(wildcards.method) == "text_label" else ""

    def setting(self, key: str) -> Callable:
        """Params function: one resolved setting of a run, None for a run that does not have it."""
        return lambda wildcards: self.settings(wildcards).get(key)

    def forces(self, wildcards) -> str | list[str]:
        """forces.csv of a run that training has one of; a fine-tuning has none."""
        return [] if self.kind(wildcards.method) == "finetune" else f"{self.run(wildcards).path}/forces.csv"

    def decision_files(self) -> list[str]:
        """decisions.npz of every run and protocol; a zero-shot run has none where its weights are absent."""
        return [
            f"{run.path}/{name}/decisions.npz"
            for run in self.runs()
            if run.settings["kind"] != "zero_shot"
            for name in PROTOCOLS[run.settings["kind"]]
        ]

    def training_code(self, wildcards) -> str:
        """Fingerprint of the code that trains a run, less the objectives, losses and architectures of others."""
        return stages.training_code(self.settings(wildcards), self.card(wildcards))

    def embedding_code(self, wildcards) -> str:
        """Fingerprint of the code that embeds with a run's encoder, less the architectures of others."""
        return stages.embedding_code(self.card(wildcards))

    def entry(self, wildcards) -> dict:
        """The dataset's entry in config.yaml, less what later steps alone use."""
        later = ("title", "printed_as", "knn", "confusable", "label_texts")
        return _without(self.config["datasets"][wildcards.dataset], *later)

    def prepare_code(self, wildcards) -> str:
        """Fingerprint of the code that prepares a dataset, less the readers of others."""
        return stages.prepare_code(self.config["datasets"][wildcards.dataset])

    def source(self, wildcards) -> dict:
        """Published files of a dataset: URLs, sizes, checksums."""
        entry = self.config["datasets"][wildcards.dataset]
        return load_sources(entry["reader"], entry.get("corpus"))

    def raw(self, wildcards) -> dict[str, str | list[str]]:
        """What `prepare` reads: downloaded files, the user's own files, or nothing for a generated corpus."""
        entry = self.config["datasets"][wildcards.dataset]
        if "files" in entry or "folder" in entry:
            return {"files": [*entry.get("files", {}).values(), *([entry["folder"]] if "folder" in entry else [])]}
        if entry["reader"] == "generated":
            return {}
        return {"manifest": DATA.format(dataset=wildcards.dataset) + "/raw/manifest.json"}

    def parents(self, wildcards) -> dict[str, list[str]]:
        """Setting -> metrics.csv of every seed, for each grid point that a fine-tuning may start from.

        Where there is one such point, its scores decide nothing: no files, so that a further seed retrains nothing.
        """
        run = self.run(wildcards)
        wanted, settings = (run.dataset, run.encoder, run.settings["parent"]), run.settings["parent_settings"]
        others = self._all.items() if len(settings) > 1 else ()
        return {
            setting: [f"{other.path}/metrics.csv" for key, other in others if key[:4] == (*wanted, setting)]
            for setting in settings
        }

    def parent_models(self, wildcards) -> dict[str, str]:
        """Setting -> model of the same seed, for each grid point that a fine-tuning may start from."""
        run = self.run(wildcards)
        return {
            setting: run._replace(method=run.settings["parent"], setting=setting).path + "/model"
            for setting in run.settings["parent_settings"]
        }

    def finetune_inputs(self, wildcards) -> list[str]:
        """Every file that a fine-tuning may depend on."""
        metrics = [path for paths in self.parents(wildcards).values() for path in paths]
        return metrics + list(self.parent_models(wildcards).values())

    def protocols(self, wildcards) -> tuple[str, ...]:
        """Evaluation protocols of a run."""
        return PROTOCOLS[self.kind(wildcards.method)]

    def knn(self, wildcards) -> dict:
        """Settings of kNN: the dataset's own, else those of `knn:`."""
        return self.config["knn"] | self.config["datasets"][wildcards.dataset].get("knn", {})

    def retrieval(self, wildcards) -> bool:
        """Whether the neighbours of a run are looked at themselves, as kNN-MLTC does."""
        return self.run(wildcards)[:5] in self.papers.get(NEIGHBOURS_OF, {})

    # What the study ends in.

    def all_metrics(self) -> list[str]:
        """metrics.csv of every (paper, run), in the order of `study_record()["runs"]`."""
        return [f"{run.path}/metrics.csv" for runs in self.papers.values() for run in runs.values()]

    def cards(self) -> list[str]:
        """card.json of every dataset of the study."""
        return [DATA.format(dataset=name) + "/card.json" for name in dict.fromkeys(run.dataset for run in self.runs())]

    def tests(self) -> list[str]:
        """test.parquet of every dataset of the study, in the order of `cards`."""
        return [card.replace("card.json", "test.parquet") for card in self.cards()]

    def label_distances(self) -> list[Run]:
        """Runs whose label distances are shown: the first one of each dataset, encoder and method of that kind."""
        found: dict[tuple, Run] = {}
        for run in self.runs():
            if run.settings["kind"] == "label_distance":
                found.setdefault(run[:3], run)
        return list(found.values())

    def inference(self) -> list[Run]:
        """Runs whose inference is timed: per dataset and encoder, the first one of kind joint."""
        return self._timed

    def neighbourhoods(self) -> list[Run]:
        """Runs whose neighbourhood is drawn: per dataset and encoder, the first without a contrastive term and with."""
        runs = self.papers.get(NEIGHBOURS_OF, {})
        return _first("supervised", runs) + _first("joint", runs)

    def artefacts(self, part: str) -> list[str]:
        """Names of the tables or figures (`part` is the beginning of the word) of the papers in this study."""
        return [f"{paper}_{name}" for paper in self.papers for name in ARTEFACTS[paper] if name.startswith(part)]

    def study_record(self) -> dict:
        """runs.json: the study's datasets, encoders, methods and runs with resolved settings, and what is missing."""
        return study_record(self.config, self._planned, self._missing, self._untimed)


def _first(kind: str, runs: dict[tuple, Run]) -> list[Run]:
    """The first run of this kind per dataset and encoder."""
    found: dict[tuple, Run] = {}
    for run in runs.values():
        if run.settings["kind"] == kind:
            found.setdefault((run.dataset, run.encoder), run)
    return list(found.values())


def _without(entry: dict, *keys: str) -> dict:
    return {key: value for key, value in entry.items() if key not in keys}


@cache
def _column_digest(path: str, form: str) -> str:
    rows = sorted((row["name"], row[form]) for _, row in csv_rows(Path(path), ("name", form)))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
