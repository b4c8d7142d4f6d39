"""Rule collect: the metrics of all runs of a study in one file, times and label distances in others."""

from pathlib import Path

from pushpull.files import write_json
from pushpull.job import job
from pushpull.paper.collect import collect, collect_inference, collect_label_distances

with job(snakemake.log[0]):
    study = snakemake.params.study
    collect(snakemake.input.metrics, study["runs"], snakemake.output.metrics)
    collect_inference(snakemake.input.inference, snakemake.params.timed, snakemake.output.inference)
    matrices = [Path(model) / "label_distances.csv" for model in snakemake.input.models]
    collect_label_distances(matrices, snakemake.params.distant, snakemake.output.label_distances)
    write_json(snakemake.output.runs, study)
