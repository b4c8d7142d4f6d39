"""Rule compare: paired tests between methods, on their decisions about the same test documents."""

from pathlib import Path

from pushpull.job import job
from pushpull.paper.comparisons import compare, write_comparisons
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    study = load_study(snakemake.input.metrics, snakemake.input.runs, snakemake.input.cards)
    folders = {Path(test).parent.name: Path(test).parent for test in snakemake.input.tests}
    write_comparisons(compare(study, folders), snakemake.output[0])
