"""Data that cannot mean what the user thinks: refused where nothing could be learnt or told, else warned of."""

from collections import Counter
from unicodedata import category, normalize

import numpy as np

from pushpull.data.tally import Tally
from pushpull.errors import InputError

_LEAKED = 0.05  # share of validation or test texts that training has seen, from which a warning says so
_UNKNOWN = 0.1  # share of the test labels that training has not seen
_EMPTY = 0.01  # share of empty texts
_NAMELESS = {"nan", "none", "null", "n/a", "na", "-", "?"}
_FEW = 100  # documents from which on a label each is no chance


def leaked(tallies: dict[str, Tally]) -> dict[str, int]:
    """Documents of validation and test whose text is also in an earlier split."""
    counts = {}
    for split, earlier in (("validation", ("train",)), ("test", ("train", "validation"))):
        known = np.concatenate([tallies[other].texts for other in earlier])
        counts[split] = int(np.isin(tallies[split].texts, known).sum())
    return counts


def refuse_senseless(dataset: str, task: str, tallies: dict[str, Tally]) -> None:
    """Refuse data of which every result would be nonsense.

    Raises:
        InputError: no training document has a label; all documents have the same only label; train and test hold the
            same texts.
    """
    train, test = tallies["train"], tallies["test"]
    names = set().union(*(tally.labels for tally in tallies.values()))
    if not train.labels:
        raise InputError(
            f"{dataset}: no training document has a label; look at `labels:`, the column, and at `separator:`"
        )
    if len(names) == 1 and (task == "single" or all(t.labels.total() == t.documents for t in tallies.values())):
        raise InputError(
            f"{dataset}: every document has the same label, {next(iter(names))!r}, so there is nothing to tell apart; "
            "look at `labels:`, the column, and at the files"
        )
    same = np.isin(test.texts, train.texts).sum()
    if same == test.documents > 1:
        raise InputError(
            f"{dataset}: each of the {test.documents:,} test texts is also a training text; a score would say nothing. "
            "Look at `files:`, or let `resplit:` draw the splits"
        )


def warnings(task: str, tallies: dict[str, Tally]) -> list[str]:
    """Sentences about data that may be meant so, but seldom are."""
    train = tallies["train"]
    names = sorted(set().union(*(tally.labels for tally in tallies.values())))
    documents = sum(tally.documents for tally in tallies.values())
    total = sum(tally.labels.total() for tally in tallies.values())
    unlabelled = train.facts()["without_labels"]
    unknown = sum(count for name, count in tallies["test"].labels.items() if not train.labels[name])
    nameless = [name for name in names if name.casefold() in _NAMELESS]
    empty = sum(tally.facts()["empty_texts"] for tally in tallies.values())
    found = {
        f"{len(names):,} labels for {train.documents:,} training documents": len(names) > train.documents,
        f"there is one label only, {names[0]!r}": len(names) == 1,
        f"{unlabelled:,} of {train.documents:,} training documents have no label": 2 * unlabelled > train.documents,
        "every document has exactly one label; with `task: single` its methods and scores apply": task == "multi"
        and documents >= _FEW
        and total == documents
        and not any(tally.facts()["without_labels"] for tally in tallies.values()),
        f"validation has {tallies['validation'].documents:,} documents, more than train with {train.documents:,}": (
            tallies["validation"].documents > train.documents
        ),
        f"{unknown:,} of {tallies['test'].labels.total():,} test labels are none that a training document has": (
            unknown > _UNKNOWN * tallies["test"].labels.total()
        ),
        f"{empty:,} of {documents:,} texts are empty": empty > _EMPTY * documents,
        f"there are labels that may mean none: {', '.join(map(repr, nameless))}": bool(nameless),
    }
    said = [sentence for sentence, is_so in found.items() if is_so]
    said += [
        f"{count:,} of {tallies[split].documents:,} {split} texts are also in an earlier split"
        for split, count in leaked(tallies).items()
        if count > _LEAKED * tallies[split].documents
    ]
    return said + _twins(names)


def _twins(names: list[str]) -> list[str]:
    """A sentence for labels that differ in capitals, blanks or the bytes of a letter alone."""
    alike = {name: _looks(name) for name in names}
    common = Counter(alike.values())
    twins = [name for name in names if common[alike[name]] > 1]
    return [f"labels that differ in capitals or blanks alone: {', '.join(map(repr, twins))}"] if twins else []


def _looks(name: str) -> str:
    """What a reader sees of a name: é of one or of two characters, letters of any width, no zero-width characters."""
    seen = "".join(character for character in normalize("NFKC", name) if category(character) != "Cf")
    return " ".join(seen.casefold().split())
