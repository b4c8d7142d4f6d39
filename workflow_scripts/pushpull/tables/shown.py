"""Which runs a table or figure shows: said once by a paper, read by the plan, the table and the estimate.

Imports nothing heavy, because every cluster job reads it again.
"""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pushpull.errors import InputError
from pushpull.tables.rows import Row

PAPERS = Path(__file__).parents[1] / "papers"


class Shown(NamedTuple):
    """What a table or figure shows, and of which results it is made.

    Attributes:
        methods: those with a line of their own.
        further: kinds of methods without a line in any of the paper's tables that it takes in.
        known: methods with a line in any of the paper's tables.
        printed: the printed table whose datasets it has; "": it is not printed and has them all.
        temperature: the one that goes before the others of a grid; None: all of them.
        first: whether it shows only the first run of each dataset, encoder and method.
        made_of: "metrics", "comparisons", "inference" (times), "neighbourhoods", "label_distances" of these runs, and
            "cards" of their datasets; of all the paper's where it shows no runs.
    """

    methods: frozenset[str] = frozenset()
    further: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    printed: str = ""
    temperature: float | None = None
    first: bool = False
    made_of: tuple[str, ...] = ("metrics", "cards")


NOTHING = Shown(made_of=())
"""Drawn from nothing that was run."""
CARDS = Shown(made_of=("cards",))
"""Counted from the datasets alone."""


def methods(rows: Iterable[Row]) -> frozenset[str]:
    """Return the methods of these lines."""
    return frozenset(row.method for row in rows)


def shown_runs(shown: Shown, paper: str, runs: Sequence[dict], datasets: dict[str, dict]) -> list[dict]:
    """Return those of a study's runs that a table or figure of a paper shows, in their order.

    A dataset that the paper prints, but not in this table, is left out; one that it does not print at all is in each.

    Args:
        runs: as in `runs.json`, of all papers.
        datasets: entries of the configuration by name; `printed_as` is what is read of them.
    """

    def has(dataset: str) -> bool:
        name = datasets[dataset].get("printed_as", {}).get(paper)
        return not shown.printed or name is None or name in _printed_datasets(paper, shown.printed)

    found = [
        run
        for run in runs
        if run["paper"] == paper
        and (
            run["method"] in shown.methods
            or (run["method"] not in shown.known and run["settings"]["kind"] in shown.further)
        )
        and has(run["dataset"])
    ]
    if shown.first:
        return list({_place(run): run for run in reversed(found)}.values())[::-1]
    if shown.temperature is None:
        return found
    # As in the tables: where a method has grid points at the table's temperature, its others are not shown.
    at_it = {_place(run) for run in found if run["settings"].get("temperature") == shown.temperature}
    return [run for run in found if _place(run) not in at_it or run["settings"].get("temperature") == shown.temperature]


def printed_file(paper: str, table: str, folder: Path = PAPERS) -> Path:
    """Return the CSV file of the printed values of a table.

    Args:
        folder: of the papers, each with a folder `printed`.

    Raises:
        InputError: there is no such file, or more than one.
    """
    found = sorted(folder.glob(f"{paper}/printed/{table}_*.csv"))
    if len(found) != 1:
        raise InputError(
            f"{folder}/{paper}/printed/{table}_*.csv: expected one file of printed values, found {len(found)}"
        )
    return found[0]


def _place(run: dict) -> tuple[str, str, str]:
    return run["dataset"], run["encoder"], run["method"]


@cache
def _printed_datasets(paper: str, table: str) -> frozenset[str]:
    """Return the datasets of a printed table, by the paper's names; " test" behind one names the split."""
    with printed_file(paper, table).open(newline="", encoding="utf-8") as stream:
        return frozenset(row["dataset"].removesuffix(" test") for row in csv.DictReader(stream))
