from pushpull.papers import artefacts, papers
from pushpull.planning.on_error import on_error, on_success
from pushpull.planning.stages import artefact_code, report_code


rule table:
    input:
        metrics=inputs.of("metrics", "metrics.csv"),
        inference=inputs.of("inference", "inference.json"),
        comparisons=inputs.of_study("comparisons", f"{STUDY}/comparisons/{{paper}}.csv"),
        cards=inputs.cards,
    output:
        csv=f"{STUDY}/tables/{{name}}.csv",
        md=f"{STUDY}/tables/{{name}}.md",
        tex=f"{STUDY}/tables/{{name}}.tex",
    log:
        f"logs/table/{plan.study}/{{name}}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        state=inputs.state,
        code=lambda w: artefact_code(w.name),
    script:
        "../workflow_scripts/table.py"


rule figure:
    input:
        metrics=inputs.of("metrics", "metrics.csv"),
        models=inputs.of("label_distances", "model"),
        neighbourhoods=inputs.of_study("neighbourhoods", f"{STUDY}/neighbourhoods/{{name}}.csv"),
        cards=inputs.cards,
    output:
        pdf=f"{STUDY}/figures/{{name}}.pdf",
        png=f"{STUDY}/figures/{{name}}.png",
    log:
        f"logs/figure/{plan.study}/{{name}}.log",
    localrule: True
    conda:
        "../envs/learn.yaml"
    params:
        state=inputs.state,
        code=lambda w: artefact_code(w.name),
    script:
        "../workflow_scripts/figure.py"


rule report:
    input:
        metrics=f"{SUMMARY}/metrics.csv",
        runs=f"{SUMMARY}/runs.json",
        cards=inputs.all_cards(),
        comparisons=inputs.all_comparisons(),
        inference=[f"{run.path}/inference.json" for run in plan.timed()],
        tables=expand(
            f"{STUDY}/tables/{{name}}.{{ending}}", ending=["csv", "md", "tex"], name=plan.artefacts("table")
        ),
        figures=expand(f"{STUDY}/figures/{{name}}.png", name=plan.artefacts("figure")),
        run_json=[f"{run.path}/run.json" for run in plan.runs()],
    output:
        report=f"{SUMMARY}/report.html",
        headline=f"{SUMMARY}/headline.txt",
        manifest=f"{SUMMARY}/manifest.json",
    log:
        f"logs/report/{plan.study}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        papers=list(plan.papers),
        state=lambda _: inputs.study_state(),
        code=lambda _: report_code(plan.artefacts()),
    script:
        "../workflow_scripts/report.py"


for target in [f"{paper}_{artefact}" for paper in papers() for artefact in artefacts(paper)]:

    rule:
        name:
            target
        input:
            lambda _, target=target: inputs.target(target),
        log:
            f"logs/{target}.log",
        localrule: True


rule tables:
    input:
        expand(f"{STUDY}/tables/{{name}}.csv", name=plan.artefacts("table")),
    log:
        "logs/tables.log",
    localrule: True


rule figures:
    input:
        expand(f"{STUDY}/figures/{{name}}.pdf", name=plan.artefacts("figure")),
    log:
        "logs/figures.log",
    localrule: True


onsuccess:
    on_success(plan)


onerror:
    on_error(workflow, plan, log)
