from pushpull.fingerprint import fingerprint
from pushpull.planning.stages import HARMLESS, MADE


rule collect:
    input:
        metrics=inputs.all_metrics(),
    output:
        metrics=f"{SUMMARY}/metrics.csv",
        runs=f"{SUMMARY}/runs.json",
    log:
        f"logs/collect/{plan.study}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        papers=list(plan.papers),
        state=lambda _: inputs.study_state(),
        code=code_of("collect", without=MADE),
    script:
        "../workflow_scripts/collect.py"


rule compare:
    input:
        unpack(inputs.compared),
    output:
        f"{STUDY}/comparisons/{{paper}}.csv",
    log:
        f"logs/compare/{plan.study}/{{paper}}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        state=inputs.state,
        code=lambda w: fingerprint("workflow_scripts.compare", f"papers.{w.paper}.rows", without=MADE),
    script:
        "../workflow_scripts/compare.py"


rule neighbourhoods:
    input:
        inputs.neighbours,
    output:
        f"{STUDY}/neighbourhoods/{{name}}.csv",
    log:
        f"logs/neighbourhoods/{plan.study}/{{name}}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        runs=lambda w: [run._asdict() | {"path": run.path} for run in plan.shown(w.name)],
        state=inputs.state,
        code=code_of("neighbourhoods", without=HARMLESS),
    script:
        "../workflow_scripts/neighbourhoods.py"
