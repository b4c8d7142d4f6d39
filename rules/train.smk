from pushpull.kinds import PROBED

EMBEDDED = ("train.npy", "validation.npy", "test.npy", "labels.npy", "labels.json")


# A run ends with the vectors of all texts, and a classifier's scores of them, while its model is open.


rule train:
    input:
        ancient(inputs.vectors),
        ancient(inputs.fetched),
        label_texts=ancient(inputs.training_label_texts),
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
    output:
        model=directory(f"{RUN}/model"),
        history=f"{RUN}/history.csv",
        forces=f"{RUN}/forces.csv",
        run=f"{RUN}/run.json",
        embeddings=expand(f"{RUN}/embeddings/{{file}}", file=EMBEDDED, allow_missing=True),
    log:
        "logs/train/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}/{encoder}/{method}/{setting}/seed{seed}.tsv"
    wildcard_constraints:
        method=inputs.methods(*PROBED),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2800,
        runtime=720,
        gpu=1,
    params:
        settings=inputs.settings,
        card=inputs.card,
        record=inputs.record,
        checkpoints=f"{RUN}/checkpoints",
        label_digest=inputs.training_label_digest,
        vectors=inputs.vectors_digest,
        data=inputs.data,
        code=inputs.training_code,
    script:
        "../workflow_scripts/train.py"


use rule train as train_classifier with:
    output:
        model=directory(f"{RUN}/model"),
        history=f"{RUN}/history.csv",
        forces=f"{RUN}/forces.csv",
        run=f"{RUN}/run.json",
        embeddings=expand(f"{RUN}/embeddings/{{file}}", file=EMBEDDED, allow_missing=True),
        scores=expand(f"{RUN}/classifier/{{split}}.npy", split=["validation", "test"], allow_missing=True),
    wildcard_constraints:
        method=inputs.methods("supervised", "joint", "label_distance"),


rule finetune:
    input:
        inputs.finetune_inputs,
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
    output:
        model=directory(f"{RUN}/model"),
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.json",
        embeddings=expand(f"{RUN}/embeddings/{{file}}", file=EMBEDDED, allow_missing=True),
        scores=expand(f"{RUN}/classifier/{{split}}.npy", split=["validation", "test"], allow_missing=True),
    log:
        "logs/finetune/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    benchmark:
        "benchmarks/finetune/{dataset}/{encoder}/{method}/{setting}/seed{seed}.tsv"
    wildcard_constraints:
        method=inputs.methods("finetune"),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2800,
        runtime=240,
        gpu=1,
    params:
        settings=inputs.settings,
        record=inputs.record,
        remote_code=inputs.remote_code,
        parents=inputs.parents,
        models=inputs.parent_models,
        checkpoints=f"{RUN}/checkpoints",
        data=inputs.data,
        before=inputs.before_finetuning,
        code=inputs.training_code,
    script:
        "../workflow_scripts/finetune.py"
