"""Rule collect: the metrics of all runs of a study in one file, inference times in another, and what the runs are."""

from pushpull.files import write_json
from pushpull.job import job
from pushpull.paper.collect import collect, collect_inference

with job(snakemake.log[0]):
    study = snakemake.params.study
    collect(snakemake.input.metrics, study["runs"], snakemake.output.metrics)
    collect_inference(snakemake.input.inference, snakemake.params.timed, snakemake.output.inference)
    write_json(snakemake.output.runs, study)
