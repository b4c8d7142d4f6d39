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
        f"{RUN}/dbc/thresholds.csv",
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
        code=code_of("evaluation.scoring", "evaluation.retrieval", "evaluation.dbc_curve"),
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
        f"{RUN}/dbc/thresholds.csv",
        metrics=f"{RUN}/metrics.csv",
    wildcard_constraints:
        method=plan.methods(*CLASSIFIER),
    resources:
        mem_mb=6000,
        runtime=60,


# Scores of a folder, not of files: where the weights are absent there are none, and metrics.csv is only its header.
rule zero_shot:
    input:
        label_texts=ancient(plan.label_texts),
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
    output:
        scores=directory(f"{RUN}/zero_shot"),
        metrics=f"{RUN}/metrics.csv",
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.json",
    log:
        "logs/zero_shot/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    wildcard_constraints:
        method=plan.methods("zero_shot"),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=720,
        gpu=1,
    params:
        settings=plan.settings,
        card=plan.card,
        record=plan.record,
        label_digest=plan.label_digest,
        code=code_of("evaluation.zero_shot", "data.label_texts", "training.record"),
    script:
        "../workflow_scripts/zero_shot.py"


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
        remote_code=plan.remote_code,
        knn=plan.knn,
        code=code_of("evaluation.inference", "evaluation.datastore", "encoders.heads", "data.dataset"),
    script:
        "../workflow_scripts/inference.py"
