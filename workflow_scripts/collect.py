"""Rule collect: the metrics of all runs of a study in one file, and what the runs are."""

from pushpull.files import write_json
from pushpull.job import job
from pushpull.paper.collect import collect

with job(snakemake.log[0]):
    study = snakemake.params.study
    collect(snakemake.input.metrics, study["runs"], snakemake.output.metrics)
    write_json(snakemake.output.runs, study)
