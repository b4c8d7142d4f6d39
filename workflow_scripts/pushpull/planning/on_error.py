"""What the workflow says when it ends; when jobs have failed, which and why, and it renders what other runs give."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pushpull.planning.failures import failed_jobs, last_error, stopped, summary
from pushpull.planning.missing import half_there
from pushpull.planning.plan import Plan


def on_success(plan: Plan) -> None:
    """Print the headline of the study, if this run, or one before it, made its report."""
    headline = Path(plan.summary, "headline.txt")
    print(headline.read_text(encoding="utf-8") if headline.is_file() else "done")


def on_error(workflow, plan: Plan, log: Sequence[str]) -> None:
    """Print the failed jobs with their logs; render tables, figures and report of the runs that are there.

    They are rendered if the workflow went on to the end without the jobs that failed, and was to end in them; else the
    command that renders them is printed. Where no run is there, or none is missing, there is nothing to render.

    Args:
        workflow: Snakemake's own object.
        log: paths of Snakemake's log, as its `onerror` has them.
    """
    text = "".join(Path(path).read_text(encoding="utf-8", errors="replace") for path in log)
    ended = stopped(text)
    failed = [(rule, logs) for rule, logs in failed_jobs(text) if not ended or any(map(last_error, logs))]
    outcome = ""
    if not plan.partial and half_there(plan.runs(), plan.timed()):
        command = partial_command(workflow)
        outcome = f"Tables and figures of the runs that are there: {shlex.join(command)}"
        if not ended and workflow.execution_settings.keep_going and _ends_in_tables(workflow, plan):
            print("Rendering tables and figures of the runs that are there.", flush=True)
            done = subprocess.run([sys.executable, "-m", *command, *_here(workflow)], check=False)
            if done.returncode == 0:
                outcome = f"{plan.summary}/report.html has the runs that are there, and what is missing and why."
    print("\n".join(filter(None, [failed and summary(failed), outcome])), file=sys.stderr, flush=True)


def partial_command(workflow) -> list[str]:
    """Return the command that renders what there is, with the configuration that this workflow runs with."""
    settings = workflow.config_settings
    values = {**settings.config, "partial": "true"}
    files = [str(path) for path in settings.configfiles]
    given = [f"{key}={json.dumps(value) if isinstance(value, dict) else value}" for key, value in values.items()]
    software = [method.item_to_choice() for method in workflow.deployment_settings.deployment_method]
    return [
        *("snakemake", "--cores", str(workflow.resource_settings.cores or "all")),
        *(["--sdm", *sorted(software)] if software else []),
        *(["--configfile", *files] if files else []),
        *("--config", *given),
    ]


def _here(workflow) -> list[str]:
    """Options of a run within this one: on this machine, whatever profile is set, and in this one's lock."""
    return ["--executor", "local", "--nolock", "--quiet", "progress", "rules", "--snakefile", workflow.main_snakefile]


def _ends_in_tables(workflow, plan: Plan) -> bool:
    settings = workflow.dag_settings
    known = {"all", "report", "tables", "figures", *plan.artefacts()}
    return not settings.until and not settings.omit_from and set(map(str, settings.targets)) <= known
