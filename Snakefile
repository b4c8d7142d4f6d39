"""Push-Pull: every table and figure of four papers on contrastive learning for text classification."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.current_basedir) / "workflow_scripts"))

from pushpull.fingerprint import code_of
from pushpull.planning.grid import RUN
from pushpull.planning.inputs import DATA
from pushpull.planning.workflow import read_config_files, start

read_config_files(workflow)


configfile: "config.yaml"


inputs = start(workflow, config)
plan = inputs.plan
STUDY, SUMMARY = plan.folder, plan.summary


wildcard_constraints:
    dataset=inputs.names("datasets"),
    encoder=inputs.names("encoders"),
    method=inputs.names("methods"),
    seed=r"\d+",


# With `partial: true` nothing of a run is made, so nothing is trained.
for part in [*([] if plan.partial else ["data", "train", "evaluate"]), "study", "paper"]:

    include: f"rules/{part}.smk"


rule all:
    default_target: True
    input:
        f"{SUMMARY}/report.html",
    log:
        "logs/all.log",
    localrule: True
