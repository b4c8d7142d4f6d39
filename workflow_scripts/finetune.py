"""Rule finetune: train all weights with a classifier, from the selected grid point of a contrastive method."""

import time
from pathlib import Path

import torch
from pushpull.encoders.sentence import open_encoder
from pushpull.evaluation.checkpoint_choice import best_setting
from pushpull.files import write_json
from pushpull.job import cpu_count, job
from pushpull.training import run
from pushpull.training.checkpoint import discard

with job(snakemake.log[0]):
    began, record, settings = time.monotonic(), dict(snakemake.params.record), snakemake.params.settings
    torch.set_num_threads(cpu_count(snakemake.threads))
    setting = best_setting(snakemake.params.parents)
    print(f"starting from {settings['parent']}/{setting}, the best mean validation micro-F1 over seeds")
    encoder = open_encoder(Path(snakemake.params.models[setting]))
    checkpoints = Path(snakemake.params.checkpoints)
    trained = run.train(Path(snakemake.input.card).parent, encoder, settings, record["seed"], checkpoints)
    best = trained.outcome["best"]
    run.restore_epoch(trained, best["highest_validation_micro_f1"])
    run.save_model(trained.objective, Path(snakemake.output.model))
    run.write_history(trained.outcome["history"], snakemake.output.history)
    record |= {"parent_setting": setting, "best_epochs": best}
    record |= run.environment(torch.get_num_threads()) | {"wall_seconds": round(time.monotonic() - began, 1)}
    write_json(snakemake.output.run, record)
    discard(checkpoints)
