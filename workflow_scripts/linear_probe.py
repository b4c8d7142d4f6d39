"""Fit linear probes on frozen embeddings; score the validation and test split."""

from pathlib import Path

import torch
from pushpull.data.dataset import label_names, read_card, read_labels
from pushpull.evaluation.linear_probe import GRIDS, decide, fit_probe, predict
from pushpull.evaluation.protocols import load_embeddings, write_scores
from pushpull.job import cpu_count, job

with job(snakemake.log[0]):
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data = Path(snakemake.input.card).parent
    card = read_card(data)
    labels, validation_labels = (read_labels(data, split, label_names(card)) for split in ("train", "validation"))
    train = load_embeddings(snakemake.input.train, len(labels))
    validation = load_embeddings(snakemake.input.validation, len(validation_labels))
    test = load_embeddings(snakemake.input.test)
    params, device = snakemake.params, "cuda" if torch.cuda.is_available() else "cpu"
    grid = GRIDS[params.grid]
    probe = fit_probe(train, labels, validation, validation_labels, seed=params.seed, grid=grid, device=device)
    scores = predict(probe, validation), predict(probe, test)
    decisions = {"half": tuple(decide(score, card["task"]) for score in scores)}
    write_scores(Path(snakemake.output.decisions).parent, *scores, decisions)
