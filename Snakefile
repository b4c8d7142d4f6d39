"""Push-Pull: every table and figure of four papers on contrastive learning for text classification."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow_scripts"))

from pushpull.config import check
from pushpull.fingerprint import code_of
from pushpull.grid import RUN
from pushpull.plan import DATA, Plan


configfile: "config.yaml"


plan = Plan(check(config))
STUDY = f"results/{plan.study}"


wildcard_constraints:
    dataset=plan.names("datasets"),
    encoder=plan.names("encoders"),
    method=plan.names("methods"),
    seed=r"\d+",


# With `partial: true` nothing of a run is made, so nothing is trained.
for part in [*([] if plan.partial else ["data", "train", "evaluate"]), "study", "paper"]:

    include: f"rules/{part}.smk"


rule all:
    default_target: True
    input:
        f"{STUDY}/report.html",
    log:
        "logs/all.log",
    localrule: True
