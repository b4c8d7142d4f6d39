"""Rule neighbourhoods: a test document and its neighbours, by every base model with and without L_con."""

import csv
from pathlib import Path

from pushpull.data.dataset import label_names, read_card, read_ids, read_labels
from pushpull.evaluation.neighbourhood import neighbourhood, pick_document
from pushpull.evaluation.protocols import load_embeddings
from pushpull.files import atomic_path
from pushpull.job import job

COLUMNS = ["dataset", "encoder", "method", "document", "rank", "x", "y", "shared", "labels"]

with (
    job(snakemake.log[0]),
    atomic_path(snakemake.output[0]) as path,
    path.open("w", encoding="utf-8", newline="") as stream,
):
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in snakemake.params.runs:
        data, folder = Path(f"results/data/{run['dataset']}"), Path(run["path"]) / "embeddings"
        names = label_names(read_card(data))
        labels, truth = (read_labels(data, split, names) for split in ("train", "test"))
        row = pick_document(truth)
        train, test = (load_embeddings(folder / f"{split}.npy") for split in ("train", "test"))
        document = read_ids(data, "test")[row]
        for place in neighbourhood(train, labels, test[row], truth[row]):
            writer.writerow([run["dataset"], run["encoder"], run["method"], document, *place])
