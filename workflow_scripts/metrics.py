"""Write all numbers of a run. No other step of a run opens the test labels."""

from itertools import chain
from pathlib import Path

from pushpull.data.dataset import label_names, read_card, read_labels
from pushpull.evaluation.protocols import load_embeddings, read_decisions
from pushpull.evaluation.summary import clustering_rows, decision_rows, training_rows, write_rows
from pushpull.job import job

with job(snakemake.log[0]):
    data = Path(snakemake.input.card).parent
    card = read_card(data)
    truth = {split: read_labels(data, split, label_names(card)) for split in ("validation", "test")}
    protocols = zip(snakemake.params.protocols, snakemake.input.decisions, strict=True)
    rows = [
        decision_rows(protocol, read_decisions(Path(path).parent), truth, card["task"]) for protocol, path in protocols
    ]
    embeddings = load_embeddings(snakemake.input.test, len(truth["test"]))
    rows += [clustering_rows(embeddings, truth["test"]), training_rows(snakemake.input.history, snakemake.input.forces)]
    write_rows(snakemake.output[0], chain(*rows))
