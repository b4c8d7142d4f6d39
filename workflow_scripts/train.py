"""Rule train: pretrain contrastively, train a supervised baseline, or keep the encoder as it came."""

import time
from pathlib import Path

import torch
from pushpull.encoders.encoder import embed, pick_device, save_encoder
from pushpull.evaluation.checkpoint_choice import choose_epoch
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.checkpoint import discard

with job(snakemake.log[0]):
    began, params, output = time.monotonic(), snakemake.params, snakemake.output
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, seed = Path(snakemake.input.card).parent, int(snakemake.wildcards.seed)
    record = {**params.record, "code": params.code}
    encoder = run.start_encoder(data, params.card, record)
    outcome = {"history": [], "forces": []}
    if params.settings["kind"] == "pretrained":
        save_encoder(encoder, Path(output.model))
    else:
        trained = run.train(data, encoder, record, Path(params.checkpoints))
        corpora = trained.train, trained.validation

        def vectors(epoch: int):
            run.restore_epoch(trained, epoch)
            return [embed(encoder, corpus.tokens, pick_device()) for corpus in corpora]

        outcome, best = trained.outcome, trained.outcome["best"]
        labels = [corpus.labels.astype("uint8") for corpus in corpora]
        grid = params.settings.get("probe_grid", "paper")
        epoch, scores = choose_epoch(best.values(), vectors, *labels, seed, pick_device(), grid)
        run.restore_epoch(trained, epoch)
        run.save_model(trained.objective, data, Path(output.model))
        record |= {"best_epochs": best, "chosen_epoch": epoch, "probe_validation_micro_f1": scores}
    run.write_forces(outcome["forces"], data, output.forces)
    run.write_record(record, outcome, data, began, output)
    discard(Path(params.checkpoints))
