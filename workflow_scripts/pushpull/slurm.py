"""A job of Slurm that its time limit ends goes back to the queue, so that training goes on there."""

import os
import shutil
import subprocess

SAVED = 128 + 15
"""Exit status of training that SIGTERM has ended: at least one step further than it began, and saved."""


def requeue_if_out_of_time() -> None:
    """Ask Slurm to queue this job again if its time limit ends it: that costs none of Snakemake's retries.

    Slurm itself does so after a preemption. A job that was cancelled stays so.
    """
    number = os.environ.get("SLURM_JOB_ID")
    if not number or not shutil.which("scontrol"):
        return
    shown = subprocess.run(["scontrol", "show", "job", number], capture_output=True, encoding="utf-8", check=False)
    if "Reason=TimeLimit" not in shown.stdout:
        return
    asked = subprocess.run(["scontrol", "requeue", number], capture_output=True, encoding="utf-8", check=False)
    print("out of time: " + (f"not queued again ({asked.stderr.strip()})" if asked.returncode else "queued again"))
