"""Push-Pull: every table and figure of four papers on contrastive learning for text classification."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow_scripts"))

from pushpull.config import check
from pushpull.fingerprint import code_of
from pushpull.grid import RUN
from pushpull.on_error import on_error
from pushpull.plan import DATA, Plan


configfile: "config.yaml"


plan = Plan(check(config))
STUDY = f"results/{plan.study}"


wildcard_constraints:
    dataset=plan.names("datasets"),
    encoder=plan.names("encoders"),
    method=plan.names("methods"),
    seed=r"\d+",


if not plan.partial:  # else nothing of a run is made, so nothing is trained

    include: "rules/data.smk"
    include: "rules/train.smk"
    include: "rules/evaluate.smk"


include: "rules/study.smk"
include: "rules/paper.smk"


onsuccess:
    print(Path(f"{STUDY}/headline.txt").read_text() if Path(f"{STUDY}/headline.txt").is_file() else "done")


onerror:
    on_error(workflow, plan, log)
