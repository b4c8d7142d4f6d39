"""Rule evaluate: every protocol of a run, and all its numbers. Only the last step opens the test labels."""

import shutil
from itertools import chain
from pathlib import Path

import faiss
from pushpull.data.dataset import read_labels
from pushpull.evaluation import scoring
from pushpull.evaluation.dbc.curve import curve_rows, threshold_rows
from pushpull.evaluation.models.embedding import label_vectors
from pushpull.evaluation.protocols import SPLITS, read_decisions
from pushpull.evaluation.retrieval import farthest, retrieval_rows
from pushpull.evaluation.summary import clustering_rows, decision_rows, training_rows, write_rows
from pushpull.job import cpu_count, job

with job(snakemake.log[0], snakemake.resources):
    threads, params = cpu_count(snakemake.threads, snakemake.resources), snakemake.params
    faiss.omp_set_num_threads(threads)
    data, folder = Path(snakemake.input.card).parent, Path(snakemake.output.metrics).parent
    run, model = scoring.open_run(folder, data), params.protocols[0]
    label_vectors(folder, data, params.settings, next(iter(snakemake.input.label_texts), None), params.remote_code)
    if model == "classifier":
        scoring.classify(run)
    else:
        scoring.linear_probe(run, params.seed, params.settings["probe_grid"], threads)
    documents = len(run.embeddings["train"])
    nearest = scoring.nearest_neighbours(run, max(params.knn["k"], farthest(documents) if params.retrieval else 0))
    scoring.vote(run, nearest, model, **params.knn)
    scoring.compare_with_labels(run)
    truth = {split: read_labels(data, split, run.names) for split in SPLITS}
    rows = [decision_rows(name, read_decisions(folder / name), truth, run.task) for name in params.protocols]
    rows += [threshold_rows(run), curve_rows(run, truth["test"])]
    rows.append(clustering_rows(run.embeddings["test"], truth["test"]))
    rows.append(training_rows(snakemake.input.history, snakemake.input.forces))
    rows += [retrieval_rows(run, nearest, truth, model, **params.knn)] if params.retrieval else []
    write_rows(snakemake.output.metrics, chain(*rows))
    # Not before: if a cluster's job of both stages fails, the outputs of both are deleted, and training goes on here.
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
