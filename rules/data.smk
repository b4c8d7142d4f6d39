from pushpull.planning.run_inputs import FETCHED
from pushpull.planning.stages import CHECKED


rule download:
    output:
        manifest=f"{DATA}/raw/manifest.json",
    log:
        "logs/download/{dataset}.log",
    retries: 2
    localrule: True  # compute nodes are often without a network
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=120,
    params:
        source=inputs.source,
        code=code_of("download", "data.transfer", "data.archives", without=CHECKED),
    script:
        "../workflow_scripts/download.py"


rule fetch_encoder:
    output:
        FETCHED,
    log:
        "logs/fetch_encoder/{encoder}.log",
    retries: 2
    localrule: True  # the one rule that asks the hub: all others read its cache
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=240,
    params:
        card=inputs.files_card,
        code=code_of("fetch_encoder", without=CHECKED),
    script:
        "../workflow_scripts/fetch_encoder.py"


rule prepare:
    input:
        unpack(inputs.raw),
    output:
        train=f"{DATA}/train.parquet",
        validation=f"{DATA}/validation.parquet",
        test=f"{DATA}/test.parquet",
        card=f"{DATA}/card.json",
    log:
        "logs/prepare/{dataset}.log",
    conda:
        "../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=60,
    params:
        entry=inputs.entry,
        own_files=inputs.own_files,
        code=inputs.prepare_code,
    script:
        "../workflow_scripts/prepare.py"


rule data:
    input:
        inputs.all_cards(),
    log:
        "logs/data.log",
    localrule: True
