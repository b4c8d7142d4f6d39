"""Mix a model's scores with the vote of each document's nearest training documents."""

from pathlib import Path

import faiss
import numpy as np
from pushpull.data.dataset import label_names, read_card, read_labels
from pushpull.evaluation.knn import interpolate, neighbour_scores, neighbours
from pushpull.evaluation.protocols import half, load_embeddings, write_scores
from pushpull.job import cpu_count, job

with job(snakemake.log[0]):
    faiss.omp_set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, params = Path(snakemake.input.card).parent, snakemake.params
    card = read_card(data)
    labels = read_labels(data, "train", label_names(card))
    train = load_embeddings(snakemake.input.train, len(labels))
    scores = []
    for split in ("validation", "test"):
        base = np.load(snakemake.input[f"base_{split}"], allow_pickle=False)
        distances, indices = neighbours(train, load_embeddings(snakemake.input[split], len(base)), params.k)
        vote = neighbour_scores(distances, indices, labels, params.temperature)
        scores.append(interpolate(vote, base, params.proportion))
    decisions = {"half": tuple(half(score, card["task"]) for score in scores)}
    write_scores(Path(snakemake.output.decisions).parent, *scores, decisions)
