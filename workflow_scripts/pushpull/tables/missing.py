"""The runs that a study was to have and has not: said in words, for notes of cells and for the report."""

from collections.abc import Sequence

from pushpull.tables.study import Study

Group = tuple[str, str, str]


def missing_note(study: Study, key: tuple[str, str, str, str]) -> str:
    """Return which runs of a key (paper, dataset, encoder, method) are missing and why; empty if none is.

    Example: "missing: Base, seeds 2, 3 on Reuters-21578, MiniLM: loss is nan (logs/train/.../seed2.log and 1 more)".
    """
    runs = study.missing.get(key, [])
    if runs and key not in study.runs and not any(run["log"] for run in runs):
        return f"missing: {runs[0]['reason']}"  # the same for many cells: one footnote
    where = study.corpus_title(*key[1:3])
    parts = [
        f"{study.title('methods', key[3])}, {_seeds(group)} on {where}: {reason}{_logs(group)}"
        for reason, group in _by(runs, "reason").items()
    ]
    return f"missing: {'; '.join(parts)}" if parts else ""


def missing_dataset(study: Study, dataset: str) -> str:
    """Return why a dataset has no run at all."""
    runs = [run for run in _all(study) if run["dataset"] == dataset]
    return f"missing: {runs[0]['reason']}{_logs(runs[:1])}" if runs else "no run of it is shown here"


def missing_groups(study: Study) -> list[Group]:
    """Return (runs, reason, path of a log or "") of all that is missing, each run once, alike ones together.

    Runs with a log are alike with the same dataset, encoder, method and reason, those without with the same place.
    """
    runs = {_key(run): run for run in _all(study)}
    groups: dict[tuple, list[dict]] = {}
    for key, run in runs.items():
        groups.setdefault((*key[: 3 if run["log"] else 2], run["reason"]), []).append(run)
    entries = []
    for (dataset, encoder, *_), group in groups.items():
        methods = ", ".join(dict.fromkeys(study.title("methods", run["method"]) for run in group))
        seeds = f", {_seeds(group)}" if group[0]["log"] else f", {len(group)} run{'s' * (len(group) != 1)}"
        entries.append((f"{study.corpus_title(dataset, encoder)}: {methods}{seeds}", group[0]["reason"], _log(group)))
    return [*entries, *_untimed(study, runs)]


def completeness(study: Study) -> str:
    """Return the sentence that says how many runs are missing; empty for a complete study."""
    missing = {_key(run) for run in _all(study)}
    planned = len(missing) + len({run["path"] for run in study.info["runs"]})
    if missing:
        return f"Not complete: {len(missing)} of {planned} runs are missing."
    return "Not complete: times of inference are missing." if study.info.get("untimed") else ""


def _key(run: dict) -> tuple:
    return tuple(run[name] for name in ("dataset", "encoder", "method", "setting", "seed"))


def _all(study: Study) -> list[dict]:
    return [run for runs in study.missing.values() for run in runs]


def _untimed(study: Study, missing: dict) -> list[Group]:
    """Return the same for inference that was not timed though its run is there."""
    return [
        (f"{study.corpus_title(run['dataset'], run['encoder'])}: times of inference", run["reason"], run["log"])
        for run in study.info.get("untimed", [])
        if _key(run) not in missing
    ]


def _by(runs: Sequence[dict], field: str) -> dict[str, list[dict]]:
    groups: dict[str, list[dict]] = {}
    for run in runs:
        groups.setdefault(run[field], []).append(run)
    return groups


def _seeds(runs: Sequence[dict]) -> str:
    seeds = sorted({run["seed"] for run in runs})
    return f"seed{'s' * (len(seeds) != 1)} {', '.join(map(str, seeds))}"


def _log(runs: Sequence[dict]) -> str:
    logs = dict.fromkeys(run["log"] for run in runs)
    return runs[0]["log"] + (f" and {len(logs) - 1} more" if len(logs) > 1 else "")


def _logs(runs: Sequence[dict]) -> str:
    return f" ({_log(runs)})" if runs[0]["log"] else ""
