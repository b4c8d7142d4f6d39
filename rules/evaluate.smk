rule classifier:
    input:
        model=f"{RUN}/model",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
    output:
        validation=f"{RUN}/classifier/validation.npy",
        test=f"{RUN}/classifier/test.npy",
        decisions=f"{RUN}/classifier/decisions.npz",
    log:
        "logs/classifier/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        task=lambda w: config["datasets"][w.dataset]["task"],
        code=fingerprint("evaluation.classifier", "evaluation.protocols"),
    script:
        "../workflow_scripts/classifier.py"


rule linear_probe:
    input:
        data_train=f"{DATA}/train.parquet",
        data_validation=f"{DATA}/validation.parquet",
        card=f"{DATA}/card.json",
        train=f"{RUN}/embeddings/train.npy",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
    output:
        validation=f"{RUN}/linear_probe/validation.npy",
        test=f"{RUN}/linear_probe/test.npy",
        decisions=f"{RUN}/linear_probe/decisions.npz",
    log:
        "logs/linear_probe/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
        gpu=1,
    params:
        seed=lambda w: int(w.seed),
        grid=plan.setting("probe_grid"),
        code=fingerprint("evaluation.linear_probe", "evaluation.protocols", "data.dataset"),
    script:
        "../workflow_scripts/linear_probe.py"


rule knn:
    input:
        unpack(plan.base_scores),
        data_train=f"{DATA}/train.parquet",
        card=f"{DATA}/card.json",
        train=f"{RUN}/embeddings/train.npy",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
    output:
        validation=f"{RUN}/knn/validation.npy",
        test=f"{RUN}/knn/test.npy",
        decisions=f"{RUN}/knn/decisions.npz",
    log:
        "logs/knn/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        **config["knn"],
        base=lambda w: plan.protocols(w)[0],
        code=fingerprint("evaluation.knn", "evaluation.protocols", "data.dataset"),
    script:
        "../workflow_scripts/knn.py"


rule dbc:
    input:
        data_validation=f"{DATA}/validation.parquet",
        card=f"{DATA}/card.json",
        labels=f"{RUN}/embeddings/labels.npy",
        validation=f"{RUN}/embeddings/validation.npy",
        test=f"{RUN}/embeddings/test.npy",
    output:
        validation=f"{RUN}/dbc/validation.npy",
        test=f"{RUN}/dbc/test.npy",
        decisions=f"{RUN}/dbc/decisions.npz",
    log:
        "logs/dbc/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=30,
    params:
        code=fingerprint("evaluation.dbc", "evaluation.protocols", "data.dataset"),
    script:
        "../workflow_scripts/dbc.py"


rule metrics:
    input:
        data_validation=f"{DATA}/validation.parquet",
        data_test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
        test=f"{RUN}/embeddings/test.npy",
        decisions=plan.decisions,
        history=f"{RUN}/history.csv",
        forces=plan.forces,
    output:
        f"{RUN}/metrics.csv",
    log:
        "logs/metrics/{dataset}/{encoder}/{method}/{setting}/seed{seed}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        protocols=plan.protocols,
        code=fingerprint("evaluation.summary", "evaluation.protocols", "data.dataset"),
    script:
        "../workflow_scripts/metrics.py"


rule collect:
    input:
        metrics=plan.all_metrics(),
    output:
        metrics=f"{STUDY}/metrics.csv",
        runs=f"{STUDY}/runs.json",
    log:
        f"logs/collect/{plan.study}.log",
    localrule: True
    conda:
        "../envs/paper.yaml"
    params:
        study=plan.study_record(),
        code=fingerprint("paper.collect"),
    script:
        "../workflow_scripts/collect.py"
