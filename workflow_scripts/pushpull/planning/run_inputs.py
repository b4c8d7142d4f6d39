"""What the rules of data and runs read, and what their results depend on.

What a result depends on goes from stage to stage as a short hash: of settings, code, data and of what the stage before
depends on. The time of a file that a user brings decides nothing, its content does.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from snakemake.io import ancient

from pushpull.data.facts import facts, own_paths, published
from pushpull.data.tables import csv_rows
from pushpull.errors import InputError
from pushpull.files import sha256
from pushpull.kinds import CLASSIFIER, KINDS
from pushpull.planning import stages
from pushpull.planning.grid import Run
from pushpull.planning.plan import Plan

DATA = "results/data/{dataset}"
FETCHED = "results/encoders/{encoder}.json"
_SHOWN_ONLY = ("title", "printed_as", "licence")  # of an entry: they must make no run again
_READ = 10**9
_LATER = ("title", "printed_as", "knn", "confusable", "label_texts")  # what steps after `prepare` alone use


class RunInputs:
    """Input and params functions of the rules that prepare, train and evaluate, for a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.config = plan, plan.config
        self.found: dict[tuple, str] = {}

    def names(self, part: str) -> str:
        """Names of `datasets`, `encoders` or `methods` as a regular expression, for wildcard constraints."""
        return "|".join(self.config[part])

    def methods(self, *kinds: str) -> str:
        """Methods of the given kinds as a regular expression."""
        return "|".join(name for name, entry in self.config["methods"].items() if entry["kind"] in kinds) or "none"

    # Data.

    def source(self, wildcards) -> dict:
        """Published files of a dataset: URLs, sizes, checksums."""
        return published(self.config["datasets"][wildcards.dataset])

    def entry(self, wildcards) -> dict:
        """The dataset's entry in config.yaml, less what later steps alone use."""
        return without(self.config["datasets"][wildcards.dataset], *_LATER)

    def raw(self, wildcards) -> dict[str, str | list[str]]:
        """What `prepare` reads: downloaded files, the user's own files, or nothing for a generated corpus."""
        entry = self.config["datasets"][wildcards.dataset]
        if own := own_paths(entry):
            return {"files": [ancient(path) for path in own]}
        if not facts(entry["reader"]).sources:
            return {}
        return {"manifest": DATA.format(dataset=wildcards.dataset) + "/raw/manifest.json"}

    def own_files(self, wildcards) -> list[str]:
        """Hashes of the user's own files, so that other content prepares a dataset again and another time does not."""
        return [_content(path) for path in own_paths(self.config["datasets"][wildcards.dataset])]

    def prepare_code(self, wildcards) -> str:
        """Fingerprint of the code that prepares a dataset, less the readers of others."""
        return stages.prepare_code(self.config["datasets"][wildcards.dataset])

    def data(self, wildcards) -> str:
        """What a prepared dataset depends on."""
        if ("data", wildcards.dataset) not in self.found:
            fetched = self.source(wildcards) if "manifest" in self.raw(wildcards) else None
            parts = [self.entry(wildcards), self.own_files(wildcards), self.prepare_code(wildcards), fetched]
            self.found["data", wildcards.dataset] = digest(*parts)
        return self.found["data", wildcards.dataset]

    # Runs.

    def record(self, wildcards) -> dict:
        """What run.json says of a run before it is run; the study is not in it, since studies share runs."""
        return self.plan.run(wildcards)._asdict() | {"encoder_card": self.card(wildcards)}

    def settings(self, wildcards) -> dict:
        """Resolved settings of a run."""
        return self.plan.run(wildcards).settings

    def setting(self, key: str) -> Callable:
        """Params function: one resolved setting of a run, None for a run that does not have it."""
        return lambda wildcards: self.settings(wildcards).get(key)

    def card(self, wildcards) -> dict:
        """The encoder's entry in config.yaml, less what only tables show: it must not retrain anything."""
        return without(self.config["encoders"][wildcards.encoder], *_SHOWN_ONLY)

    def remote_code(self, wildcards) -> bool:
        """Whether Python code that comes with the encoder may be run."""
        return self.card(wildcards).get("remote_code", False)

    def fetched(self, wildcards) -> list[str]:
        """The record of an encoder's files, if it is one of the hub."""
        return [FETCHED.format(encoder=wildcards.encoder)] if "hub" in self.card(wildcards) else []

    def files_card(self, wildcards) -> dict:
        """What of an encoder's entry says which files it has."""
        keys = ("hub", "revision", "pooling", "pickled", "remote_code", "nli")
        return {key: value for key, value in self.card(wildcards).items() if key in keys}

    def vectors(self, wildcards) -> list[str]:
        """The file of word vectors that an encoder starts from, if it has one."""
        return [path for path in [self.card(wildcards).get("vectors")] if path]

    def vectors_digest(self, wildcards) -> list[str]:
        """Hash of that file."""
        return [_content(path) for path in self.vectors(wildcards)]

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
        return self.label_texts(wildcards) if self._reads_labels(wildcards) else []

    def training_label_digest(self, wildcards) -> str:
        """`label_digest` where training reads label texts."""
        return self.label_digest(wildcards) if self._reads_labels(wildcards) else ""

    def training_code(self, wildcards) -> str:
        """Fingerprint of the code that trains a run, less the objectives, losses and architectures of others."""
        return stages.training_code(self.settings(wildcards), self.card(wildcards))

    def forces(self, wildcards) -> str | list[str]:
        """forces.csv of a run that training has one of; a fine-tuning has none."""
        run = self.plan.run(wildcards)
        return [] if run.settings["kind"] == "finetune" else f"{run.path}/forces.csv"

    def parents(self, wildcards) -> dict[str, list[str]]:
        """Setting -> metrics.csv of every seed, for each grid point that a fine-tuning may start from.

        Where there is one such point, its scores decide nothing: no files, so that a further seed retrains nothing.
        """
        run = self.plan.run(wildcards)
        points = {setting: self._parent_runs(run, setting) for setting in run.settings["parent_settings"]}
        return {setting: [f"{each.path}/metrics.csv" for each in runs] for setting, runs in points.items()}

    def parent_models(self, wildcards) -> dict[str, str]:
        """Setting -> model of the same seed, for each grid point that a fine-tuning may start from."""
        run = self.plan.run(wildcards)
        return {setting: f"{_parent(run, setting).path}/model" for setting in run.settings["parent_settings"]}

    def finetune_inputs(self, wildcards) -> list[str]:
        """Every file that a fine-tuning may depend on."""
        metrics = [path for paths in self.parents(wildcards).values() for path in paths]
        return metrics + list(self.parent_models(wildcards).values())

    def trained(self, wildcards) -> str:
        """What a trained run depends on."""
        return self._trained(self.plan.run(wildcards))

    def before_finetuning(self, wildcards) -> str:
        """What the runs depend on that a fine-tuning may start from."""
        return self._before_finetuning(self.plan.run(wildcards))

    def protocols(self, wildcards) -> tuple[str, ...]:
        """Evaluation protocols of a run."""
        return KINDS[self.settings(wildcards)["kind"]].protocols

    def knn(self, wildcards) -> dict:
        """Settings of kNN: the dataset's own, else those of `knn:`."""
        return self.config["knn"] | self.config["datasets"][wildcards.dataset].get("knn", {})

    def retrieval(self, wildcards) -> bool:
        """Whether the neighbours of a run are looked at themselves, as kNN-MLTC does with base models."""
        return self.settings(wildcards)["kind"] in CLASSIFIER

    def _reads_labels(self, wildcards) -> bool:
        return self.settings(wildcards)["kind"] == "text_label"

    def _parent_runs(self, run: Run, setting: str) -> list[Run]:
        """Runs of a grid point whose scores decide whether a fine-tuning starts from it; none where it is the only.

        They are those of the whole study: narrowed to some papers it must start from the same.
        """
        wanted = (run.dataset, run.encoder, run.settings["parent"], setting)
        several = len(run.settings["parent_settings"]) > 1
        return [other for other in self.plan.whole.values() if several and other[:4] == wanted]

    def _trained(self, run: Run) -> str:
        if run[:5] not in self.found:
            zero_shot = run.settings["kind"] == "zero_shot"
            self.found[run[:5]] = digest(
                self.record(run),
                self.training_label_digest(run),
                self.vectors_digest(run),
                "" if zero_shot else self.training_code(run),
                self.data(run),
                self._before_finetuning(run),
            )
        return self.found[run[:5]]

    def _before_finetuning(self, run: Run) -> str:
        points = run.settings.get("parent_settings", ())
        scores = [self.evaluated(other) for setting in points for other in self._parent_runs(run, setting)]
        return digest([self._trained(self.plan.run(_parent(run, setting))) for setting in points], scores)

    def evaluated(self, run: Run) -> str:
        """What the scores of a run depend on."""
        code = stages.EVALUATION_CODE(None)
        return digest(self._trained(run), self.label_digest(run), self.knn(run), code)


def _parent(run: Run, setting: str) -> Run:
    """The run that a fine-tuning starts from, if it is this grid point that is chosen."""
    return run._replace(method=run.settings["parent"], setting=setting)


def without(entry: dict, *keys: str) -> dict:
    """Return an entry less these keys."""
    return {key: value for key, value in entry.items() if key not in keys}


def digest(*parts: object) -> str:
    """Return 16 hexadecimal digits that stand for these values, which JSON can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _content(path: str) -> str:
    """Hash of a file, or of the files of a folder; of more than `_READ` bytes, of their names and sizes."""
    place = Path(path)
    if place.is_dir():
        files = [file for file in sorted(place.rglob("*")) if file.is_file()]
        sizes = [file.stat().st_size for file in files]
        said = map(sha256, files) if sum(sizes) < _READ else sizes  # 806,791 articles are not read to plan
        return digest([(str(file.relative_to(place)), value) for file, value in zip(files, said, strict=True)])
    if not place.is_file():
        raise InputError(f"{path} is not there; config.yaml names it, paths are relative to {Path.cwd()}")
    return sha256(place)


@cache
def _column_digest(path: str, form: str) -> str:
    rows = sorted((row["name"], row[form]) for _, row in csv_rows(Path(path), ("name", form)))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
