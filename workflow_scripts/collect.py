"""Rule collect: the metrics of all runs of a study in one file, and what the study is."""

from pushpull.files import write_json
from pushpull.job import job
from pushpull.planning.plan import Plan
from pushpull.tables.collect import collect

with job(snakemake.log[0]):
    papers, record = snakemake.params.papers, Plan(snakemake.config).record
    for part in {"runs", "missing"} & record.keys():
        record[part] = [run for run in record[part] if run["paper"] in papers]
    collect(snakemake.input.metrics, record["runs"], snakemake.output.metrics)
    write_json(snakemake.output.runs, record)
