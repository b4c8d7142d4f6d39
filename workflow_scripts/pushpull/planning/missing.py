"""Which planned runs are not there, and why. Imports nothing heavy."""

import json
from collections.abc import Iterable
from pathlib import Path

from pushpull.kinds import KINDS
from pushpull.planning.failures import last_error, why
from pushpull.planning.grid import Run

NOT_YET = "not run yet"
STAGES = ("train", "finetune", "evaluate", "zero_shot")


def missing_runs(runs: Iterable[Run]) -> dict[tuple, dict[str, str]]:
    """Return {first five fields of a run: {"reason", "log"}} for the runs that are not evaluated, in their order.

    A fine-tuning is missing, too, where the run is that it starts from. `log` is the path of the log that the reason
    was read from, "" for a run that has none.
    """
    runs = list(runs)
    found = {run[:5]: explain(run) for run in runs if not is_there(run)}
    for run in runs:
        for setting in run.settings.get("parent_settings", ()):
            parent = (run.dataset, run.encoder, run.settings["parent"], setting, run.seed)
            if parent in found and found[parent]["log"]:
                reason = f"starts from {run.settings['parent']} {setting}, which is missing: {found[parent]['reason']}"
                found[run[:5]] = found[parent] | {"reason": reason}
            elif parent in found:
                found.setdefault(run[:5], found[parent])
    return {run[:5]: found[run[:5]] for run in runs if run[:5] in found}


def untimed_runs(timed: Iterable[Run], missing: dict[tuple, dict[str, str]]) -> dict[tuple, dict[str, str]]:
    """Return the same for the runs of `timed` whose inference has not been timed; `missing` is from `missing_runs`."""
    lacking = [run for run in timed if run[:5] in missing or not Path(run.path, "inference.json").is_file()]
    return {run[:5]: missing.get(run[:5]) or explain(run, ["inference"]) for run in lacking}


def half_there(runs: Iterable[Run], timed: Iterable[Run]) -> bool:
    """Whether some of the runs are there, and some are not, or were not timed."""
    there = [is_there(run) for run in runs]
    return any(there) and (not all(there) or bool(untimed_runs(timed, {})))


def is_there(run: Run) -> bool:
    """Whether a run has been evaluated since it was trained, with these settings, on data that are there."""
    return all(path.exists() for path in _needed(run)) and not _outdated(run)


def explain(run: Run, stages: Iterable[str] = STAGES) -> dict[str, str]:
    """Return why a run is not there, {"reason", "log"}, from the newest log of it, of its dataset or its encoder."""
    own = "/".join(run[:4]) + f"/seed{run.seed}"
    if not all(path.exists() for path in _data(run)):
        own, stages = run.dataset, ("download", "prepare")
    logs = [path for stage in stages if (path := Path(f"logs/{stage}/{own}.log")).is_file()]
    fetched = Path(f"logs/fetch_encoder/{run.encoder}.log")
    logs += [fetched] if last_error(fetched) else []
    newest = max(logs, key=lambda path: path.stat().st_mtime_ns, default=Path())
    lost = [path for path in _needed(run) if not path.exists()]
    evaluated = not {Path(run.path, "metrics.csv"), Path(run.path, "run.json"), *_data(run)} & set(lost)
    if evaluated and not last_error(newest) and (reason := f"{lost[0]} is missing" if lost else _outdated(run)):
        return {"reason": reason, "log": ""}
    return {"reason": why(newest), "log": str(newest)} if logs else {"reason": NOT_YET, "log": ""}


def _outdated(run: Run) -> str:
    """Why the results of a run are not those of the run as it is planned; empty if they are."""
    record = Path(run.path, "run.json")
    found, wanted = json.loads(record.read_text(encoding="utf-8"))["settings"], json.loads(json.dumps(run.settings))
    if found != wanted:
        keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        return "was run with other settings: " + ", ".join(
            f"{key} {found.get(key)}, now {wanted.get(key)}" for key in keys
        )
    # Snakemake deletes metrics.csv only when a run is evaluated again, which may be long after it was trained again.
    evaluated = Path(run.path, "metrics.csv").stat().st_mtime_ns >= record.stat().st_mtime_ns
    if run.settings["kind"] != "zero_shot" and not evaluated:
        return "trained again since it was evaluated, or copied without the times of its files (cp -a keeps them)"
    return ""


def _needed(run: Run) -> list[Path]:
    """The files that tables and figures are made of."""
    folder, kind = Path(run.path), run.settings["kind"]
    needed = [folder / "metrics.csv", folder / "run.json", *_data(run)]
    if kind == "zero_shot":
        return needed
    decisions = [folder / protocol / "decisions.npz" for protocol in KINDS[kind].protocols]
    return [*needed, folder / "model", *(folder / f"embeddings/{split}.npy" for split in ("train", "test")), *decisions]


def _data(run: Run) -> list[Path]:
    return [Path("results/data", run.dataset, file) for file in ("card.json", "test.parquet")]
