"""Rule report: the HTML report of a study, and the lines to print when the run ends."""

from pushpull.job import job
from pushpull.paper.report import write_headline, write_report
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    files = snakemake.input
    study = load_study(files.metrics, files.runs, files.cards, files.comparisons, files.inference)
    write_report(study, files.tables, files.figures, files.run_json, snakemake.output.report)
    write_headline(study, snakemake.output.report, snakemake.output.headline)
