"""One failed run does not take the tables down: they are made of the others, say what is missing, and mend later."""

import csv
from pathlib import Path

import pytest
import yaml
from workflow_runs import TINY, dry_run, files_below, job_counts, real_run

pytestmark = pytest.mark.slow

SETTINGS = yaml.safe_load(TINY.read_text())["studies"]["tiny"]["experiments"][4]["settings"]
RUN = "tiny_single/tiny_cnn/cross_entropy/lr0.01_ep2_tok16_hlr0.01_bs16/seed2"


def two_seeds(folder: Path) -> Path:
    """A configuration file with a study `two`, CLLD's part of `tiny` and a second seed of cross-entropy."""
    common = {"papers": ["clld"], "datasets": ["tiny_single"], "encoders": ["tiny_cnn"], "settings": SETTINGS}
    experiments = [
        common | {"methods": {"cross_entropy": None}, "seeds": [1, 2]},
        common | {"methods": {"clld_adaptive": {"update_every": 1}}},
    ]
    study = {"title": "two seeds", "seeds": [1], "experiments": experiments}
    path = folder / "two.yaml"
    path.write_text(yaml.safe_dump({"studies": {"two": study}}))
    return path


def times(folder: Path) -> dict[Path, int]:
    runs = folder / "results/runs"
    return {path: (runs / path).stat().st_mtime_ns for path in files_below(runs)}


def seeds_shown(folder: Path) -> set[str]:
    with (folder / "results/two/tables/clld_table2.csv").open(newline="") as stream:
        return {row["seeds"] for row in csv.DictReader(stream) if row["row"] == "tiny CNN" and row["mean"]}


def test_a_failed_run_is_missing_in_the_tables_until_it_is_mended(again):
    before = times(again)
    checkpoints = again / "results/runs" / RUN / "checkpoints"
    checkpoints.parent.mkdir(parents=True)
    checkpoints.write_text("a file where training wants its folder")
    arguments = ("--configfile", TINY, two_seeds(again), "--config", "study=two")

    failed = real_run(again, *arguments)
    assert failed.returncode == 1
    log = f"logs/train/{RUN}.log"
    end = failed.stdout[failed.stdout.index("1 job failed:") :]
    reason = f"FileExistsError: [Errno 17] File exists: 'results/runs/{RUN}/checkpoints'"
    assert f"  train_classifier: {log}\n    {reason}\n" in end
    assert "results/two/report.html has the runs that are there" in end
    assert "Not complete: 1 of 3 runs are missing." in failed.stdout
    study = again / "results/two"
    missing = f"missing: cross-entropy, seed 2 on Tiny requests, tiny CNN: {reason} ({log})"
    for name in ("clld_table2", "clld_table3"):
        assert missing in (study / f"tables/{name}.md").read_text()
    assert f"<code>{log}</code>" in (study / "report.html").read_text()
    assert seeds_shown(again) == {"1"}
    assert {path: time for path, time in times(again).items() if path in before} == before

    checkpoints.unlink()
    mended = real_run(again, *arguments)
    assert mended.returncode == 0, mended.stdout[-8000:]
    counts = job_counts(mended.stdout)
    assert (counts["train_classifier"], counts["collect"], counts["table"], counts["report"]) == (1, 1, 3, 1)
    assert {path: time for path, time in times(again).items() if path in before} == before
    assert seeds_shown(again) == {"2"}
    for path in [study / "report.html", study / "headline.txt", study / "runs.json", *study.glob("tables/*")]:
        assert "Not complete" not in path.read_text()
        assert "FileExistsError" not in path.read_text()

    assert "Nothing to be done" in dry_run(again, *arguments)
    assert "Nothing to be done" in dry_run(again, *arguments, "partial=true")
