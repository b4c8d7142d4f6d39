"""Score the validation and test split with a trained classifier."""

from pathlib import Path

from pushpull.evaluation.classifier import probabilities
from pushpull.evaluation.protocols import half, load_embeddings, write_scores
from pushpull.job import job
from safetensors.numpy import load_file

with job(snakemake.log[0]):
    task = snakemake.params.task
    layer = load_file(Path(snakemake.input.model) / "classifier.safetensors")
    validation, test = (
        probabilities(load_embeddings(path), layer["weight"], layer["bias"], task)
        for path in (snakemake.input.validation, snakemake.input.test)
    )
    decisions = {"half": (half(validation, task), half(test, task))}
    write_scores(Path(snakemake.output.decisions).parent, validation, test, decisions)
