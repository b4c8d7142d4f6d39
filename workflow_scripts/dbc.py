"""Classify by the cosine of document and label texts, with every threshold rule."""

from pathlib import Path

from pushpull.data.dataset import label_names, read_card, read_labels
from pushpull.evaluation.dbc import DBC_RULES, cosines, decide, to_scores
from pushpull.evaluation.protocols import load_embeddings, one_best, write_scores
from pushpull.job import job

with job(snakemake.log[0]):
    data = Path(snakemake.input.card).parent
    card = read_card(data)
    names = label_names(card)
    truth = read_labels(data, "validation", names)
    label_texts = load_embeddings(snakemake.input.labels, len(names))
    validation = cosines(load_embeddings(snakemake.input.validation, len(truth)), label_texts)
    test = cosines(load_embeddings(snakemake.input.test), label_texts)
    if card["task"] == "multi":
        decisions = decide(validation, truth, test)
    else:
        decisions = dict.fromkeys(DBC_RULES, (one_best(validation), one_best(test)))
    folder = Path(snakemake.output.decisions).parent
    write_scores(folder, to_scores(validation), to_scores(test), decisions)
