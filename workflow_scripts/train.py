"""Rule train: pretrain contrastively, train a supervised baseline, or keep the encoder as it came."""

import time
from pathlib import Path

import torch
from pushpull.data.dataset import read_card
from pushpull.data.label_texts import label_texts
from pushpull.encoders.encoder import save_encoder
from pushpull.evaluation.models.choice import keep_best_epoch
from pushpull.evaluation.models.embedding import embed_run
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.record import write_record

with job(snakemake.log[0], snakemake.resources):
    began, params, output = time.monotonic(), snakemake.params, snakemake.output
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data = Path(snakemake.input.card).parent
    # Not a param: other label texts train nothing again unless training reads them.
    label_file = snakemake.config["datasets"][snakemake.wildcards.dataset].get("label_texts")
    label_texts(read_card(data), label_file, params.settings["label_text"])  # before hours, not after them
    record = {**params.record, "code": params.code}
    encoder = run.start_encoder(data, params.card, record)
    outcome = {"history": [], "forces": []}
    if params.settings["kind"] == "pretrained":
        save_encoder(encoder, Path(output.model), params.settings["max_tokens"])
    else:
        trained = run.train(data, encoder, record, Path(params.checkpoints), *snakemake.input.label_texts)
        outcome, best = trained.outcome, trained.outcome["best"]
        epoch, scores = keep_best_epoch(trained, params.settings, int(snakemake.wildcards.seed))
        run.save_model(trained.objective, data, Path(output.model), params.settings["max_tokens"])
        record |= {"best_epochs": best, "chosen_epoch": epoch, "validation_scores": scores, "facts": trained.facts}
    run.write_forces(outcome["forces"], data, output.forces)
    write_record(record, outcome, data, began, output)
    embed_run(encoder, Path(output.model).parent, data, params.settings, label_file)
