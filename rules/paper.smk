from pushpull.on_error import on_error


rule table:
    input:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
        cards=plan.cards(),
        comparisons=f"{STUDY}/comparisons.csv",
        inference=f"{STUDY}/inference.csv",
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
        name=lambda w: w.name,
        code=code_of("paper.registry", "paper.writing"),
    script:
        "../workflow_scripts/table.py"


rule figure:
    input:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
        cards=plan.cards(),
        neighbourhoods=f"{STUDY}/neighbourhoods.csv",
        label_distances=f"{STUDY}/label_distances.csv",
    output:
        pdf=f"{STUDY}/figures/{{name}}.pdf",
        png=f"{STUDY}/figures/{{name}}.png",
    log:
        f"logs/figure/{plan.study}/{{name}}.log",
    localrule: True
    conda:
        "../envs/learn.yaml"
    params:
        name=lambda w: w.name,
        code=code_of("paper.figure_registry", "paper.figures"),
    script:
        "../workflow_scripts/figure.py"


rule report:
    input:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
        cards=plan.cards(),
        comparisons=f"{STUDY}/comparisons.csv",
        inference=f"{STUDY}/inference.csv",
        tables=expand(
            f"{STUDY}/tables/{{name}}.{{ending}}", ending=["csv", "md", "tex"], name=plan.artefacts("table")
        ),
        figures=expand(f"{STUDY}/figures/{{name}}.png", name=plan.artefacts("figure")),
        run_json=[f"{run.path}/run.json" for run in plan.runs()],
    output:
        report=f"{STUDY}/report.html",
        headline=f"{STUDY}/headline.txt",
        manifest=f"{STUDY}/manifest.json",
    log:
        f"logs/report/{plan.study}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        code=code_of("paper.report", "paper.manifest"),
    script:
        "../workflow_scripts/report.py"


for artefact in plan.artefacts("table") + plan.artefacts("figure"):

    rule:
        name:
            artefact
        input:
            f"{STUDY}/{'tables' if '_table' in artefact else 'figures'}/{artefact}.{'csv' if '_table' in artefact else 'pdf'}",
        log:
            f"logs/{artefact}.log",
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
    print(Path(f"{STUDY}/headline.txt").read_text() if Path(f"{STUDY}/headline.txt").is_file() else "done")


onerror:
    on_error(workflow, plan, log)
