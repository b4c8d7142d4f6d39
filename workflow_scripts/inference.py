"""Rule inference: a run's datastore on disk, reopened, and the time that a prediction takes with it and without."""

from pathlib import Path

import faiss
import numpy as np
import torch
from pushpull.data.dataset import label_names, read_card, read_labels, read_texts
from pushpull.encoders.encoder import open_encoder, pick_device
from pushpull.encoders.heads import open_classifier
from pushpull.evaluation.datastore import open_datastore, save_datastore
from pushpull.evaluation.models.inference import BATCH, milliseconds_per_text, predictors
from pushpull.evaluation.protocols import load_embeddings
from pushpull.files import write_json
from pushpull.job import cpu_count, job

TEXTS = 256  # of the test split, whose labels stay closed

with job(snakemake.log[0], snakemake.resources):
    threads, params = cpu_count(snakemake.threads, snakemake.resources), snakemake.params
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    model, store = Path(snakemake.input.model), Path(snakemake.output.datastore)
    data = Path(snakemake.input.data).parent
    labels = read_labels(data, "train", label_names(read_card(data)))
    size = save_datastore(store, load_embeddings(snakemake.input.train, len(labels)), labels)
    encoder = open_encoder(model, params.remote_code)
    datastore, labels = open_datastore(store, encoder.get_embedding_dimension())
    classifier, device = open_classifier(model / "classifier.safetensors", encoder), pick_device()
    ways = predictors(encoder, classifier, datastore, labels, params.max_tokens, params.knn, device)
    texts = read_texts(data, "test", params.clean_text)[:TEXTS]
    found = {"documents": len(labels), "datastore_bytes": size}
    found["model_bytes"] = sum(file.stat().st_size for file in model.rglob("*.safetensors"))
    for name, batch_size in (("single", 1), ("batch", BATCH)):
        for way, predict in ways.items():
            found[f"ms_{name}{way}"] = milliseconds_per_text(predict, texts, batch_size)
    on = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {threads} thread{'s' * (threads > 1)}"
    metrics = {name: float(np.round(value, 4)) for name, value in found.items()}
    write_json(snakemake.output.inference, {"device": on, "metrics": metrics})
