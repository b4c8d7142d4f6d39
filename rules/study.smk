rule collect:
    input:
        metrics=plan.all_metrics(),
        inference=[f"{run.path}/inference.json" for run in plan.inference()],
        models=[f"{run.path}/model" for run in plan.label_distances()],
    output:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
        inference=f"{STUDY}/inference.csv",
        label_distances=f"{STUDY}/label_distances.csv",
    log:
        f"logs/collect/{plan.study}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        study=plan.study_record(),
        timed=[run._asdict() for run in plan.inference()],
        distant=[run._asdict() for run in plan.label_distances()],
        code=code_of("paper.collect"),
    script:
        "../workflow_scripts/collect.py"


rule compare:
    input:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
        cards=plan.cards(),
        tests=plan.tests(),
        decisions=plan.decision_files(),
    output:
        f"{STUDY}/comparisons.csv",
    log:
        f"logs/compare/{plan.study}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        code=code_of("paper.comparisons"),
    script:
        "../workflow_scripts/compare.py"


rule neighbourhoods:
    input:
        [f"{run.path}/embeddings/{split}.npy" for run in plan.neighbourhoods() for split in ("train", "test")],
        plan.tests(),
    output:
        f"{STUDY}/neighbourhoods.csv",
    log:
        f"logs/neighbourhoods/{plan.study}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        runs=[run._asdict() | {"path": run.path} for run in plan.neighbourhoods()],
        code=code_of("evaluation.neighbourhood", "evaluation.protocols", "data.dataset"),
    script:
        "../workflow_scripts/neighbourhoods.py"
