"""Rule train: pretrain contrastively, train a supervised baseline, or keep the encoder as it came."""

import time
from pathlib import Path

import torch
from pushpull.encoders.sentence import embed, load_encoder, pick_device, save_encoder
from pushpull.evaluation.checkpoint_choice import choose_epoch
from pushpull.files import write_json
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.checkpoint import discard

with job(snakemake.log[0]):
    began, record, settings = time.monotonic(), dict(snakemake.params.record), snakemake.params.settings
    torch.set_num_threads(cpu_count(snakemake.threads))
    data, encoder = Path(snakemake.input.card).parent, load_encoder(snakemake.params.card)
    checkpoints, history = Path(snakemake.params.checkpoints), []
    if settings["kind"] == "pretrained":
        save_encoder(encoder, Path(snakemake.output.model))
    else:
        trained = run.train(data, encoder, settings, record["seed"], checkpoints)

        def vectors(epoch: int):
            run.restore_epoch(trained, epoch)
            return [embed(encoder, corpus.tokens, pick_device()) for corpus in (trained.train, trained.validation)]

        labels = [corpus.labels.astype("uint8") for corpus in (trained.train, trained.validation)]
        best, history = trained.outcome["best"], trained.outcome["history"]
        epoch, scores = choose_epoch(best.values(), vectors, *labels, record["seed"], pick_device())
        run.restore_epoch(trained, epoch)
        run.save_model(trained.objective, Path(snakemake.output.model))
        record |= {"best_epochs": best, "chosen_epoch": epoch, "probe_validation_micro_f1": scores}
    run.write_history(history, snakemake.output.history)
    record |= run.environment(torch.get_num_threads()) | {"wall_seconds": round(time.monotonic() - began, 1)}
    write_json(snakemake.output.run, record)
    discard(checkpoints)
