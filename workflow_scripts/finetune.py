"""Rule finetune: train all weights with a classifier, from the selected grid point of a contrastive method."""

import time
from pathlib import Path

import torch
from pushpull.data.dataset import read_card
from pushpull.data.label_texts import label_texts
from pushpull.encoders.encoder import open_encoder
from pushpull.evaluation.models.checkpoint_choice import best_setting
from pushpull.evaluation.models.embedding import embed_run
from pushpull.files import sha256
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.record import write_record

with job(snakemake.log[0], snakemake.resources):
    began, params, output = time.monotonic(), snakemake.params, snakemake.output
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    setting = best_setting(params.parents)
    print(f"starting from {params.settings['parent']}/{setting}, the best mean validation micro-F1 over seeds")
    data, parent = Path(snakemake.input.card).parent, Path(params.models[setting])
    # Not a param: other label texts train nothing again unless training reads them.
    label_file = snakemake.config["datasets"][snakemake.wildcards.dataset].get("label_texts")
    label_texts(read_card(data), label_file, params.settings["label_text"])  # before hours, not after them
    encoder = open_encoder(parent, params.remote_code)
    record = {**params.record, "code": params.code, "parent_setting": setting}
    record["parent_weights"] = sha256(parent / "model.safetensors")  # a checkpoint from other weights is refused
    trained = run.train(data, encoder, record, Path(params.checkpoints))
    best = trained.outcome["best"]
    run.restore_epoch(trained, best["highest_validation_micro_f1"])
    run.save_model(trained.objective, data, Path(output.model), params.settings["max_tokens"])
    write_record(record | {"best_epochs": best}, trained.outcome, data, began, output)
    embed_run(trained.objective.encoder, Path(output.model).parent, data, params.settings, label_file)
