"""What `runs.json` says of a study."""

from collections.abc import Mapping

from pushpull.planning.grid import Run

Reasons = Mapping[tuple, Mapping[str, str]]
"""{first five fields of a run: {"reason", "log"}}, as from `missing.missing_runs`."""


def study_record(config: dict, papers: Mapping[str, Mapping[tuple, Run]], missing: Reasons, untimed: Reasons) -> dict:
    """Return the study's datasets, encoders and methods, and its runs with resolved settings, once for each paper.

    Where runs are missing, they are not in `runs` but in `missing`, with `reason` and `log`, and in `untimed` are those
    whose inference was not timed. Without any, there is neither.

    Args:
        papers: {paper: {first five fields of a run: run}}, missing runs among them.
    """
    study = config["studies"][config["study"]]
    planned = [(paper, run) for paper, runs in papers.items() for run in runs.values()]
    used = {part: {run[i] for _, run in planned} for i, part in enumerate(("datasets", "encoders", "methods"))}
    lacking = {
        "missing": [
            {"paper": paper, **run._asdict(), "path": run.path} | missing[run[:5]]
            for paper, run in planned
            if run[:5] in missing
        ],
        "untimed": [dict(zip(Run._fields, key, strict=False)) | why for key, why in untimed.items()],
    }
    return {
        "study": config["study"],
        "title": study["title"],
        "note": study.get("note", ""),
        "notes": study.get("notes", {}),
        "knn": config["knn"],
        **{
            part: {name: entry for name, entry in config[part].items() if name in names} for part, names in used.items()
        },
        "runs": [
            {"paper": paper, **run._asdict(), "path": run.path} for paper, run in planned if run[:5] not in missing
        ],
        **{name: runs for name, runs in lacking.items() if runs},
    }
