"""What the one-node Slurm of `onebox.sh` says of its jobs."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

STAGES = "train_classifier|train|finetune|evaluate_classified|evaluate"  # of a run, which is one job
NO_ONEBOX = "no one-node Slurm runs here: tests/slurm/onebox.sh start, as root, sets one up"


class SlurmJob(NamedTuple):
    """A job that Slurm has taken: its rules, what it was given, where its output goes; `minutes` is its time limit."""

    number: int
    rules: tuple[str, ...]
    state: str
    restarts: int
    cpus: int
    mem_mb: int
    gpus: int
    minutes: int
    log: Path


@cache
def is_running() -> bool:
    """Does the Slurm of `onebox.sh` run here? A real cluster is no place for tests, so its name is looked at."""
    if not Path("/run/slurmctld.pid").exists():  # `scontrol` would wait nine seconds for an answer
        return False
    asked = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=False)
    return asked.returncode == 0 and re.search(r"^ClusterName\s*= onebox$", asked.stdout, re.MULTILINE) is not None


def scontrol(*arguments: str) -> str:
    """What `scontrol` answers; it must succeed."""
    return subprocess.run(["scontrol", *arguments], capture_output=True, text=True, check=True).stdout


def jobs_of(folder: Path) -> list[SlurmJob]:
    """Every job that was submitted from `folder`, finished ones too, in the order of submission."""
    lines = scontrol("show", "job", "--oneliner").splitlines()
    facts = [dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in lines]
    return sorted(_job(one) for one in facts if one.get("WorkDir") == str(folder))


def _job(facts: dict[str, str]) -> SlurmJob:
    granted = dict(pair.split("=", 1) for pair in facts["TRES"].split(","))
    days, hours, minutes = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):\d+", facts["TimeLimit"]).groups()
    name = facts["Comment"].removeprefix("rule_").partition("_wildcards_")[0]
    return SlurmJob(
        number=int(facts["JobId"]),
        rules=tuple(re.findall(STAGES, name.rpartition("/")[2])) if name.startswith("run/") else (name,),
        state=facts["JobState"],
        restarts=int(facts["Restarts"]),
        cpus=int(granted["cpu"]),
        mem_mb=int(granted["mem"].removesuffix("M")),
        gpus=int(facts.get("TresPerJob", "gres:gpu:0").removeprefix("gres:gpu:")),
        minutes=(int(days or 0) * 24 + int(hours)) * 60 + int(minutes),
        log=Path(facts["StdOut"]),
    )
