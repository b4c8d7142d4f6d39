from pushpull.kinds import CLASSIFIER, PROBED
from pushpull.planning.stages import EVALUATION_CODE, HARMLESS

SCORES = ("validation.npy", "test.npy", "decisions.npz")


rule evaluate:
    input:
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
        model=f"{RUN}/model",
        label_texts=ancient(inputs.label_texts),
        embeddings=expand(f"{RUN}/embeddings/{{file}}", file=EMBEDDED, allow_missing=True),
        history=f"{RUN}/history.csv",
        forces=inputs.forces,
    output:
        [f"{RUN}/{protocol}/{file}" for protocol in ("linear_probe", "knn", "dbc") for file in SCORES],
        f"{RUN}/dbc/thresholds.csv",
        f"{RUN}/dbc/labels.npy",
        metrics=f"{RUN}/metrics.csv",
    log:
        "logs/evaluate/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    wildcard_constraints:
        method=inputs.methods(*PROBED),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=120,
        gpu=1,
    params:
        protocols=inputs.protocols,
        knn=inputs.knn,
        retrieval=inputs.retrieval,
        seed=lambda w: int(w.seed),
        settings=inputs.settings,
        remote_code=inputs.remote_code,
        trained=inputs.trained,
        label_digest=inputs.label_digest,
        code=EVALUATION_CODE,
    script:
        "../workflow_scripts/evaluate.py"


use rule evaluate as evaluate_classified with:
    input:
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
        model=f"{RUN}/model",
        label_texts=ancient(inputs.label_texts),
        embeddings=expand(f"{RUN}/embeddings/{{file}}", file=EMBEDDED, allow_missing=True),
        scores=expand(f"{RUN}/classifier/{{part}}.npy", part=["validation", "test"], allow_missing=True),
        history=f"{RUN}/history.csv",
        forces=inputs.forces,
    output:
        [f"{RUN}/{protocol}/{file}" for protocol in ("knn", "dbc") for file in SCORES],
        f"{RUN}/classifier/decisions.npz",
        f"{RUN}/dbc/thresholds.csv",
        f"{RUN}/dbc/labels.npy",
        metrics=f"{RUN}/metrics.csv",
    wildcard_constraints:
        method=inputs.methods(*CLASSIFIER),
    resources:
        mem_mb=6000,
        runtime=60,


# Scores of a folder, not of files: where the weights are absent there are none, and metrics.csv is only its header.
rule zero_shot:
    input:
        encoder=inputs.fetched,
        label_texts=ancient(inputs.label_texts),
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
        method=inputs.methods("zero_shot"),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=720,
        gpu=1,
    params:
        settings=inputs.settings,
        card=inputs.card,
        record=inputs.record,
        label_digest=inputs.label_digest,
        data=inputs.data,
        code=code_of("zero_shot", without=HARMLESS),
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
        method=inputs.methods(*CLASSIFIER),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
        gpu=1,
    params:
        max_tokens=inputs.setting("max_tokens"),
        clean_text=inputs.setting("clean_text"),
        remote_code=inputs.remote_code,
        knn=inputs.knn,
        trained=inputs.trained,
        code=code_of("inference", without=HARMLESS),
    script:
        "../workflow_scripts/inference.py"
