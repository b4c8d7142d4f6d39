"""What failed and why, from the logs of the jobs and from that of Snakemake."""

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

LONGEST = 300
TAIL = 1 << 16  # bytes of a log that are read
EVENT = re.compile(
    r"^(?P<margin> *)Error in rule (?P<rule>\w+):\n(?P<facts>(?:(?P=margin) +.*\n)*)"
    r"|^ +message: Error in group (?P<group>\S+)\n(?: +log: (?P<of_group>.*?)(?: \(check log file.*)?\n)?"
    r"|^Job (?P<job>\S+) has been submitted .*\(log: (?P<submitted>.*)\)"
    r"|^Trying to restart job (?P<again>\S+)\.",
    re.M,
)
STOPPED = ("Terminating processes on user request", "Will exit after finishing currently running jobs")


def last_error(log: str | Path) -> str:
    """Return the error in a job's log: the last line "error: ...", else that of the last traceback, else "".

    A line that only announces what follows, by a colon at its end, stands with the first one that says something. A
    file that is not there has none. At most `LONGEST` characters.
    """
    path = Path(log)
    lines = _text(path).splitlines()
    told = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    if not told:
        starts = [number for number, line in enumerate(lines) if line.startswith("Traceback ")]
        after = range(starts[-1] + 1, len(lines)) if starts else ()
        told = [number for number in after if lines[number].strip() and not lines[number].startswith(" ")][:1]
    said = ""
    for line in lines[told[-1] :] if told else ():
        said = f"{said} {line.removeprefix('error: ').strip()}".strip()
        if said and not said.endswith(":"):
            break
    return _cut(said)


def why(log: str | Path) -> str:
    """Return the error in a job's log; where it has none, that the job did not finish, and the last line."""
    path = Path(log)
    lines = _text(path).split("\n")
    last = next((line.strip() for line in reversed(lines) if re.search(r"\w", line)), "")
    return last_error(path) or _cut("not finished" + (f"; its log ends: {last}" if last else "; its log is empty"))


def failed_jobs(text: str) -> list[tuple[str, list[str]]]:
    """Return (rule, paths of logs) of each job that failed for good, in order, from the text of Snakemake's own log.

    A job that was tried again is there only if its last attempt failed, too; of the jobs that a cluster ran as one,
    those at fault. Its own log comes first; on a cluster that of the cluster's job follows.
    """
    failed: dict[str, tuple[str, list[str]]] = {}
    groups: dict[str, str] = {}  # number of a job -> its group
    submitted: dict[str, str] = {}  # name of a group that is a job of the cluster -> its log
    for found in EVENT.finditer(text):
        if found["job"]:
            submitted[found["job"]] = found["submitted"]
        elif again := found["again"]:
            failed = {n: job for n, job in failed.items() if n != again and submitted.get(again) not in job[1]}
        elif found["group"]:
            group, of_group = found["group"], [found["of_group"]] if found["of_group"] else []
        else:
            facts = dict(re.findall(r"^ +(\w+): (.*)$", found["facts"], re.M))
            logs = facts.get("log", "").partition(" (check log file(s)")[0]
            number = facts.get("jobid", "")
            groups[number] = group if found["margin"] else number
            failed.pop(number, None)
            failed[number] = found["rule"], (logs.split(", ") if logs else []) + (of_group if found["margin"] else [])
    return _at_fault(failed, groups)


def _at_fault(failed: dict[str, tuple[str, list[str]]], groups: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Of each group the jobs with an error in their log; where all were killed, the one that was the last to write."""
    kept = []
    for _, numbers in groupby(failed, groups.get):
        jobs = [failed[number] for number in numbers]
        told = [job for job in jobs if job[1] and last_error(job[1][0])]
        kept += told or [max(jobs, key=lambda job: _written(job[1]))]
    return kept


def _written(logs: list[str]) -> int:
    return Path(logs[0]).stat().st_mtime_ns if logs and Path(logs[0]).is_file() else 0


def stopped(text: str) -> bool:
    """Whether the user (Ctrl-C) or the system (SIGTERM) ended the workflow, by the text of Snakemake's own log."""
    return any(words in text for words in STOPPED)


def summary(jobs: Iterable[tuple[str, list[str]]]) -> str:
    """Return two lines for each job of `failed_jobs`, below a line with their number: rule and logs, and the error."""
    lines = [f"  {rule}: {', '.join(logs)}\n    {why(logs[0])}" if logs else f"  {rule}" for rule, logs in jobs]
    return "\n".join([f"{len(lines)} job{'s' * (len(lines) != 1)} failed:", *lines])


def _text(path: Path) -> str:
    """The end of a log without colours and control characters, which tables and LaTeX could not show."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - TAIL))
        text = re.sub(r"\x1b\[[0-9;]*m", "", stream.read().decode("utf-8", errors="replace"))
    return "".join(character if character.isprintable() or character in "\n\r" else " " for character in text)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
