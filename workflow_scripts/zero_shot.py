"""Rule zero_shot: every document against every label by a model of natural language inference, where there is one."""

import time
from pathlib import Path

import torch
from pushpull.data.dataset import read_card
from pushpull.data.label_texts import label_texts
from pushpull.encoders.nli import AbsentWeightsError, load_nli
from pushpull.evaluation.models.zero_shot import evaluate
from pushpull.evaluation.summary import write_rows
from pushpull.job import cpu_count, job
from pushpull.training.record import write_record

with job(snakemake.log[0], snakemake.resources):
    began, params, output = time.monotonic(), snakemake.params, snakemake.output
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, scores = Path(snakemake.input.card).parent, Path(output.scores)
    scores.mkdir(parents=True, exist_ok=True)
    record, rows = {**params.record, "code": params.code}, []
    try:
        nli = load_nli(params.card)
    except AbsentWeightsError as absent:  # weights that cannot be had stop no study
        print(f"skipped: {absent}")
        record["skipped"] = str(absent)
    else:
        label_file = next(iter(snakemake.input.label_texts), None)
        labels = label_texts(read_card(data), label_file, params.settings["label_text"])
        rows = evaluate(nli, data, scores, params.settings, labels)
    write_rows(output.metrics, rows)
    write_record(record, {"history": []}, data, began, output)
