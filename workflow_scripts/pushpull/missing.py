"""Which planned runs are not there, and why. Imports nothing heavy."""

from collections.abc import Iterable
from pathlib import Path

from pushpull.failures import why
from pushpull.grid import Run

NOT_YET = "not run yet"
STAGES = ("train", "finetune", "embed", "evaluate", "zero_shot")


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
    """Whether a run has been evaluated since it was trained, on data that are there.

    Snakemake removes what a job makes before the job runs again: a run whose second training failed has old metrics,
    and neither `run.json` nor a model.
    """
    metrics, record = Path(run.path, "metrics.csv"), Path(run.path, "run.json")
    needed = [metrics, record, *_data(run)]
    if run.settings["kind"] != "zero_shot":
        needed += [Path(run.path, "model"), Path(run.path, "embeddings/test.npy")]
    if not all(path.exists() for path in needed):
        return False
    return run.settings["kind"] == "zero_shot" or metrics.stat().st_mtime_ns >= record.stat().st_mtime_ns


def explain(run: Run, stages: Iterable[str] = STAGES) -> dict[str, str]:
    """Return why a run is not there, {"reason", "log"}, from the newest log of it, or of its dataset if that is not."""
    own = "/".join(run[:4]) + f"/seed{run.seed}"
    if not all(path.exists() for path in _data(run)):
        own, stages = run.dataset, ("download", "prepare")
    logs = [path for stage in stages if (path := Path(f"logs/{stage}/{own}.log")).is_file()]
    if not logs:
        return {"reason": NOT_YET, "log": ""}
    newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
    return {"reason": why(newest), "log": str(newest)}


def _data(run: Run) -> list[Path]:
    return [Path("results/data", run.dataset, file) for file in ("card.json", "test.parquet")]
