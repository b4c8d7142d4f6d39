"""Copies of the checkout, Snakemake runs in them, and what Snakemake says it will do."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml
from pushpull.planning.studies import with_studies

ROOT = Path(__file__).parents[2]
SHIPPED = with_studies(yaml.safe_load((ROOT / "config.yaml").read_text()), ROOT / "studies")
TINY = Path(__file__).with_name("tiny.yaml")
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "labels", "profiles", "slurm", "envs", "studies")
TINY_ARGUMENTS = ("--configfile", TINY)
TABLES = [f"abalone_table{name}" for name in ("1", "2", "3", "4", "_ladder")]
TABLES += [f"knn_mltc_table{name}" for name in ("2", "3", "4", "5", "6", "7", "8", "_ladder")]
TABLES += [f"clld_table{name}" for name in ("2", "3", "_ladder")]
TABLES += [f"push_pull_table{name}" for name in ("1", "_rules", "_ladder")]
FIGURES = [f"abalone_figure{name}" for name in ("1", "2", "_forces", "_collapse")]
FIGURES += [f"knn_mltc_figure{name}" for name in ("2", "3", "4")] + ["clld_figure2", "push_pull_figure1"]
ARTEFACTS = TABLES + FIGURES


class Job(NamedTuple):
    """A planned job: its rule and the lines of the dry run, `input`, `output`, `reason`, `wildcards` and others."""

    rule: str
    facts: dict[str, str]

    def files(self, key: str) -> list[str]:
        """The files of `input` or `output`."""
        return self.facts[key].split(", ") if key in self.facts else []

    def wildcards(self) -> dict[str, str]:
        """Wildcards by name."""
        return dict(pair.split("=", 1) for pair in self.files("wildcards"))


def copy_checkout(folder: Path) -> Path:
    """Copy what a run needs of this checkout to `folder`, so that nothing is written here."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, folder / part)
    return folder


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would reach outside: no network, no mirror, no module search path."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PUSHPULL_MIRROR", "PYTHONPATH")}
    return kept | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more


def command(*arguments: str | Path) -> list[str]:
    """Snakemake with these arguments, by the interpreter of the tests."""
    return [sys.executable, "-m", "snakemake", *map(str, arguments)]


def snakemake(folder: Path, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder`; its two streams come as one in `stdout`. `more` are environment variables."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )


def dry_run(folder: Path, *arguments: str | Path) -> str:
    """What `snakemake -n --cores all` prints; it must succeed."""
    done = snakemake(folder, "-n", "--cores", "all", *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def job_counts(printed: str) -> dict[str, int]:
    """Number of jobs per rule, from the table that Snakemake prints; empty where nothing is to be done."""
    table = re.search(r"^Job stats:\n.*\n[- ]+\n((?:\w+ +\d+\n)+)", printed, re.MULTILINE)
    if table is None:
        assert "Nothing to be done" in printed, printed
        return {}
    counts = {rule: int(count) for rule, count in (line.split() for line in table[1].splitlines())}
    assert counts.pop("total") == sum(counts.values())
    return counts


def planned(printed: str) -> list[Job]:
    """Every job of a dry run, with its lines; those of a group are indented."""
    jobs = []
    for block in re.split(r"^ *\[.*\d{4}\]\n", printed, flags=re.MULTILINE)[1:]:
        head, *lines = block.splitlines()
        name = re.fullmatch(r" *(?:local)?rule (\w+):", head)
        if name:
            facts = dict(line.strip().split(": ", 1) for line in lines if re.match(r"    +\w+: ", line))
            jobs.append(Job(name[1], facts))
    return jobs


def files_below(folder: Path) -> set[Path]:
    """Every file below a folder that need not exist, relative to it."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def real_run(folder: Path, *arguments, cores: int = 2, **more: str) -> subprocess.CompletedProcess:
    """Run Snakemake for real."""
    return snakemake(folder, "--cores", str(cores), *arguments, **more)


def read_metrics(folder: Path) -> list[dict[str, str]]:
    """Rows of the metrics file of the study `tiny`."""
    with (folder / "results/tiny/metrics.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))
