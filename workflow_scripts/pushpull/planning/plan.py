"""From the configuration to the list of runs, and which of them each table and figure shows. Imports nothing heavy."""

from functools import cached_property

from pushpull.errors import InputError, unknown
from pushpull.papers import artefacts, papers, shown, split_name
from pushpull.planning.grid import RUN, Run, experiment_runs
from pushpull.planning.missing import missing_runs, untimed_runs
from pushpull.planning.study_record import study_record
from pushpull.tables.shown import shown_runs

TIMED = "inference"


class Plan:
    """The runs of the chosen study; with `partial: true` those that are there, with `papers:` those of these papers.

    Args:
        config: a checked configuration (see `config.check`).

    Raises:
        InputError: `papers:` names one that the study does not have; or `partial: true`, and no run is there.
    """

    def __init__(self, config: dict) -> None:
        self.config = config
        self.study = config["study"]
        every: dict[str, dict[tuple, Run]] = {paper: {} for paper in papers()}
        study = config["studies"][self.study]
        for experiment in study["experiments"]:
            for run in experiment_runs(config, experiment, experiment.get("seeds", study["seeds"])):
                for paper in experiment["papers"]:
                    every[paper][run[:5]] = run
        self.every = {paper: runs for paper, runs in every.items() if runs}
        self.partial = config.get("partial") in (True, "true")
        self.chosen = _chosen(config, list(self.every))
        self.missing = missing_runs(self._unique(self.every)) if self.partial else {}
        self.papers = {
            paper: found
            for paper in self.chosen
            if (found := {key: run for key, run in self.every[paper].items() if key not in self.missing})
        }
        if not self.papers:
            raise InputError(f"study {self.study}: no run has been evaluated yet; leave partial=true away and run it")
        self.whole = {run[:5]: run for run in self._unique(self.every) if run[:5] not in self.missing}

    @property
    def folder(self) -> str:
        """Where the tables and figures of the study go, `results/{study}`."""
        return f"results/{self.study}"

    @property
    def summary(self) -> str:
        """Where the report and what is of the whole study goes: apart, where the study is narrowed to some papers."""
        return self.folder if len(self.chosen) == len(self.every) else f"{self.folder}/only_{'_'.join(self.chosen)}"

    def runs(self) -> list[Run]:
        """Every run of the study, of the chosen papers, once."""
        return self._unique(self.papers)

    def run(self, wildcards) -> Run:
        """The run that the wildcards name.

        Raises:
            InputError: no such run in this study; the nearest path is named.
        """
        key = (wildcards.dataset, wildcards.encoder, wildcards.method, wildcards.setting, int(wildcards.seed))
        if key not in self.whole:
            path = RUN.format(**wildcards)
            raise InputError(f"study {self.study}: {unknown('run', path, (run.path for run in self.whole.values()))}")
        return self.whole[key]

    def artefacts(self, part: str = "") -> list[str]:
        """Names of the tables or figures (`part` is the beginning of the word) of the papers in this study."""
        return [f"{paper}_{name}" for paper in self.papers for name in artefacts(paper) if name.startswith(part)]

    def shown(self, name: str) -> list[Run]:
        """The runs that the table or figure of this name shows, as far as they are there.

        Raises:
            InputError: no paper has one of this name, or the study has no run for the paper.
        """
        paper, artefact = split_name(name)
        self._need(paper)
        found = shown_runs(shown(paper, artefact), paper, self.record["runs"], self.record["datasets"])
        return [self.every[paper][tuple(run[field] for field in Run._fields[:5])] for run in found]

    def datasets(self, name: str) -> list[str]:
        """The datasets of `shown`; of a table that shows no runs, all those of its paper."""
        paper, artefact = split_name(name)
        of = self.shown(name) if shown(paper, artefact).methods else self.papers[paper].values()
        return list(dict.fromkeys(run.dataset for run in of))

    @cached_property
    def record(self) -> dict:
        """What `runs.json` says: of the whole study, however it is narrowed."""
        return study_record(self.config, self.every, self.missing, self._untimed())

    def timed(self) -> list[Run]:
        """Runs whose inference is timed: those that a table made of times shows; of a partial study those that were."""
        lacking = {tuple(run[field] for field in Run._fields[:5]) for run in self.record.get("untimed", ())}
        names = [name for name in self.artefacts() if TIMED in shown(*split_name(name)).made_of]
        found = {run[:5]: run for name in names for run in self.shown(name)}
        return [run for key, run in found.items() if key not in lacking]

    def _untimed(self) -> dict:
        """Runs that a table made of times shows and that have none, with the reason; of a partial study only."""
        if not self.partial:
            return {}
        whole = study_record(self.config, self.every, {}, {})
        found = {}
        for paper, runs in self.every.items():
            for artefact in artefacts(paper):
                if TIMED in shown(paper, artefact).made_of:
                    for run in shown_runs(shown(paper, artefact), paper, whole["runs"], whole["datasets"]):
                        key = tuple(run[field] for field in Run._fields[:5])
                        found[key] = runs[key]
        return untimed_runs(found.values(), self.missing)

    def _need(self, paper: str) -> None:
        """Refuse a target of a paper that this study, or what it is narrowed to, does not have."""
        if paper in self.papers:
            return
        if paper in self.every:
            why = (
                f"papers={','.join(self.chosen)} leaves {paper} out" if paper not in self.chosen else "no run is there"
            )
            raise InputError(f"study {self.study}: {why}")
        having = [name for name, study in self.config["studies"].items() if _has(study, paper)]
        raise InputError(
            f"study {self.study} has no run for {paper}; studies that have: {', '.join(having) or '(none)'}; "
            "pick one with --config study=..."
        )

    @staticmethod
    def _unique(by_paper: dict[str, dict[tuple, Run]]) -> list[Run]:
        return list({key: run for runs in by_paper.values() for key, run in runs.items()}.values())


def _has(study: dict, paper: str) -> bool:
    return any(paper in experiment["papers"] for experiment in study["experiments"])


def _chosen(config: dict, there: list[str]) -> list[str]:
    """The papers that `papers:` names, in the order of the study; all if it names none."""
    wanted = config.get("papers") or there
    wanted = [name.strip() for name in wanted.split(",")] if isinstance(wanted, str) else wanted
    for paper in wanted:
        if paper not in there:
            raise InputError(f"papers: study {config['study']} has {unknown('paper', paper, there)}")
    return [paper for paper in there if paper in wanted]
