"""What the rules of tables, figures and report read: of the runs that each shows, and no other.

Methods that take `wildcards` are Snakemake's input or params functions.
"""

from collections.abc import Callable, Iterable

from pushpull.files import sha256
from pushpull.kinds import KINDS
from pushpull.papers import artefacts, is_table, shown, split_name
from pushpull.planning.grid import Run
from pushpull.planning.run_inputs import DATA, RunInputs, digest, without
from pushpull.tables.shown import PAPERS

LADDER = "table_ladder"  # the table of a paper that shows its COMPARISONS


class Inputs(RunInputs):
    """Input and params functions of all rules, for a plan."""

    def of(self, result: str, file: str) -> Callable:
        """Input function of a table or figure: this file of the runs that it shows, if it is made of that result."""

        def found(wildcards) -> list[str]:
            untimed = {tuple(run.values())[:5] for run in self.plan.record.get("untimed", ())}
            runs = self.plan.shown(wildcards.name) if result in shown(*split_name(wildcards.name)).made_of else []
            return [f"{run.path}/{file}" for run in runs if result != "inference" or run[:5] not in untimed]

        return found

    def cards(self, wildcards) -> list[str]:
        """card.json of the datasets that a table or figure shows."""
        made_of = shown(*split_name(wildcards.name)).made_of
        return self._of_datasets(wildcards.name, "card.json") if "cards" in made_of else []

    def of_study(self, result: str, file: str) -> Callable:
        """Input function of a table or figure: a file of the study, if it is made of that result."""

        def found(wildcards) -> list[str]:
            paper, artefact = split_name(wildcards.name)
            return [file.format(paper=paper, name=wildcards.name)] if result in shown(paper, artefact).made_of else []

        return found

    def compared(self, wildcards) -> dict[str, list[str]]:
        """What `compare` reads: metrics and decisions of the runs that a paper's comparisons are between, and data."""
        ladder = f"{wildcards.paper}_{LADDER}"
        runs = self.plan.shown(ladder)
        return {
            "metrics": [f"{run.path}/metrics.csv" for run in runs],
            "decisions": [path for run in runs for path in _decisions(run)],
            "cards": self._of_datasets(ladder, "card.json"),
            "tests": self._of_datasets(ladder, "test.parquet"),
        }

    def state(self, wildcards) -> str:
        """What a table or figure depends on besides its code."""
        name = wildcards.get("name") or f"{wildcards.paper}_{LADDER}"
        return self.state_of(split_name(name)[0], self.plan.shown(name), self.plan.datasets(name))

    def _paper_state(self, paper: str) -> str:
        if ("paper", paper) not in self.found:
            record = self.plan.record
            own = [run for part in ("runs", "missing") for run in record.get(part, ()) if run["paper"] == paper]
            printed = [sha256(path) for path in sorted(PAPERS.glob(f"{paper}/printed/*.csv"))]
            self.found["paper", paper] = digest(without(record, "runs", "missing"), own, printed)
        return self.found["paper", paper]

    def state_of(self, paper: str, runs: Iterable[Run], datasets: Iterable[str]) -> str:
        """What results of these runs, in this paper, depend on."""
        return digest(self._paper_state(paper), [self.evaluated(run) for run in runs], list(datasets))

    def study_state(self) -> str:
        """What the files of the whole study depend on."""
        return digest([self.state_of(paper, runs.values(), []) for paper, runs in self.plan.papers.items()])

    def target(self, name: str) -> str:
        """The file that a target, the name of a table or figure, stands for."""
        self.plan.shown(name)
        table = is_table(name)
        return f"{self.plan.folder}/{'tables' if table else 'figures'}/{name}.{'csv' if table else 'pdf'}"

    def neighbours(self, wildcards) -> list[str]:
        """What the figure reads that draws a document among its neighbours: embeddings, and test splits."""
        runs = self.plan.shown(wildcards.name)
        embeddings = [f"{run.path}/embeddings/{split}.npy" for run in runs for split in ("train", "test")]
        return embeddings + self._of_datasets(wildcards.name, "test.parquet")

    def all_comparisons(self) -> list[str]:
        """Comparisons of every paper of the study that has some."""
        having = [paper for paper in self.plan.papers if LADDER in artefacts(paper)]
        return [f"{self.plan.folder}/comparisons/{paper}.csv" for paper in having]

    def all_metrics(self) -> list[str]:
        """metrics.csv of every (paper, run) of the chosen papers, in the order of `runs.json`."""
        return [f"{run.path}/metrics.csv" for runs in self.plan.papers.values() for run in runs.values()]

    def all_cards(self) -> list[str]:
        """card.json of every dataset of the study."""
        return [f"{DATA.format(dataset=name)}/card.json" for name in dict.fromkeys(r.dataset for r in self.plan.runs())]

    def _of_datasets(self, name: str, file: str) -> list[str]:
        return [f"{DATA.format(dataset=dataset)}/{file}" for dataset in self.plan.datasets(name)]


def _decisions(run: Run) -> list[str]:
    """decisions.npz of a run by protocol; a zero-shot run has none where its weights are absent."""
    kind = run.settings["kind"]
    return [] if kind == "zero_shot" else [f"{run.path}/{name}/decisions.npz" for name in KINDS[kind].protocols]
