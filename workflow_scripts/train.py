"""Rule train: pretrain contrastively, train a supervised baseline, or keep the encoder as it came."""

import time
from pathlib import Path

import torch
from pushpull.encoders.encoder import pick_device, save_encoder
from pushpull.evaluation.checkpoint_choice import choose_epoch, probe_score
from pushpull.evaluation.dbc_choice import dbc_score
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.checkpoint import discard
from pushpull.training.record import write_record

with job(snakemake.log[0]):
    began, params, output = time.monotonic(), snakemake.params, snakemake.output
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, seed = Path(snakemake.input.card).parent, int(snakemake.wildcards.seed)
    record = {**params.record, "code": params.code}
    encoder = run.start_encoder(data, params.card, record)
    outcome = {"history": [], "forces": []}
    if params.settings["kind"] == "pretrained":
        save_encoder(encoder, Path(output.model), params.settings["max_tokens"])
    else:
        trained = run.train(data, encoder, record, Path(params.checkpoints), *snakemake.input.label_texts)

        def score(epoch: int) -> float:
            run.restore_epoch(trained, epoch)
            judge = dbc_score if params.settings["kind"] == "text_label" else probe_score
            return judge(*trained[:3], params.settings, seed, pick_device())

        outcome, best = trained.outcome, trained.outcome["best"]
        epoch, scores = choose_epoch(best.values(), score)
        run.restore_epoch(trained, epoch)
        run.save_model(trained.objective, data, Path(output.model), params.settings["max_tokens"])
        record |= {"best_epochs": best, "chosen_epoch": epoch, "validation_scores": scores, "facts": trained.facts}
    run.write_forces(outcome["forces"], data, output.forces)
    write_record(record, outcome, data, began, output)
    discard(Path(params.checkpoints))
