EMBEDDED = ("train", "validation", "test", "labels")
SCORES = ("validation.npy", "test.npy", "decisions.npz")


rule evaluate:
    input:
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
        embeddings=expand(f"{RUN}/embeddings/{{part}}.npy", part=EMBEDDED, allow_missing=True),
        history=f"{RUN}/history.csv",
        forces=plan.forces,
    output:
        [f"{RUN}/{protocol}/{file}" for protocol in ("linear_probe", "knn", "dbc") for file in SCORES],
        metrics=f"{RUN}/metrics.csv",
    log:
        "logs/evaluate/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    wildcard_constraints:
        method=plan.methods(*PROBED),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=120,
        gpu=1,
    params:
        protocols=plan.protocols,
        knn=plan.knn,
        retrieval=plan.retrieval,
        seed=lambda w: int(w.seed),
        probe_grid=plan.setting("probe_grid"),
        code=code_of("evaluation.scoring", "evaluation.retrieval"),
    script:
        "../workflow_scripts/evaluate.py"


use rule evaluate as evaluate_classified with:
    input:
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
        embeddings=expand(f"{RUN}/embeddings/{{part}}.npy", part=EMBEDDED, allow_missing=True),
        scores=expand(f"{RUN}/classifier/{{part}}.npy", part=["validation", "test"], allow_missing=True),
        history=f"{RUN}/history.csv",
        forces=plan.forces,
    output:
        [f"{RUN}/{protocol}/{file}" for protocol in ("knn", "dbc") for file in SCORES],
        f"{RUN}/classifier/decisions.npz",
        metrics=f"{RUN}/metrics.csv",
    wildcard_constraints:
        method=plan.methods(*CLASSIFIER),
    resources:
        mem_mb=6000,
        runtime=60,


rule inference:
    input:
        model=f"{RUN}/model",
        data=f"{DATA}/card.json",
        splits=expand(f"{DATA}/{{part}}.parquet", part=["train", "test"], allow_missing=True),
        train=f"{RUN}/embeddings/train.npy",
    output:
        datastore=directory(f"{RUN}/datastore"),
        inference=f"{RUN}/inference.json",
    log:
        "logs/inference/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    wildcard_constraints:
        method=plan.methods(*CLASSIFIER),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
        gpu=1,
    params:
        max_tokens=plan.setting("max_tokens"),
        clean_text=plan.setting("clean_text"),
        knn=plan.knn,
        code=code_of("evaluation.inference", "evaluation.datastore", "encoders.heads", "data.dataset"),
    script:
        "../workflow_scripts/inference.py"


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
