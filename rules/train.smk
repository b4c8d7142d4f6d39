from pushpull.settings import CLASSIFIER, PROBED


rule train:
    input:
        plan.vectors,
        label_texts=ancient(plan.training_label_texts),
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        card=f"{DATA}/card.json",
    output:
        model=directory(f"{RUN}/model"),
        history=f"{RUN}/history.csv",
        forces=f"{RUN}/forces.csv",
        run=f"{RUN}/run.json",
    log:
        "logs/train/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}/{encoder}/{method}/{setting}/seed{seed}.tsv"
    wildcard_constraints:
        method=plan.methods(*PROBED, "supervised", "joint", "label_distance"),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2800,
        runtime=720,
        gpu=1,
    params:
        settings=plan.settings,
        card=plan.card,
        record=plan.record,
        checkpoints=f"{RUN}/checkpoints",
        label_digest=plan.training_label_digest,
        code=plan.training_code,
    script:
        "../workflow_scripts/train.py"


rule finetune:
    input:
        plan.finetune_inputs,
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        card=f"{DATA}/card.json",
    output:
        model=directory(f"{RUN}/model"),
        history=f"{RUN}/history.csv",
        run=f"{RUN}/run.json",
    log:
        "logs/finetune/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    benchmark:
        "benchmarks/finetune/{dataset}/{encoder}/{method}/{setting}/seed{seed}.tsv"
    wildcard_constraints:
        method=plan.methods("finetune"),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2800,
        runtime=240,
        gpu=1,
    params:
        settings=plan.settings,
        record=plan.record,
        remote_code=plan.remote_code,
        parents=plan.parents,
        models=plan.parent_models,
        checkpoints=f"{RUN}/checkpoints",
        code=plan.training_code,
    script:
        "../workflow_scripts/finetune.py"


rule embed:
    input:
        model=f"{RUN}/model",
        label_texts=ancient(plan.label_texts),
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
    output:
        train=f"{RUN}/embeddings/train.npy",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
        labels=f"{RUN}/embeddings/labels.npy",
    log:
        "logs/embed/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    wildcard_constraints:
        method=plan.methods(*PROBED),
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2800,
        runtime=120,
        gpu=1,
    params:
        max_tokens=plan.setting("max_tokens"),
        clean_text=plan.setting("clean_text"),
        label_text=plan.setting("label_text"),
        label_digest=plan.label_digest,
        remote_code=plan.remote_code,
        code=plan.embedding_code,
    script:
        "../workflow_scripts/embed.py"


# The model that is open for the embeddings scores the documents with its own classifier, too.
use rule embed as embed_and_classify with:
    output:
        train=f"{RUN}/embeddings/train.npy",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
        labels=f"{RUN}/embeddings/labels.npy",
        validation_scores=f"{RUN}/classifier/validation.npy",
        test_scores=f"{RUN}/classifier/test.npy",
    wildcard_constraints:
        method=plan.methods(*CLASSIFIER),
