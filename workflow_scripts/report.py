"""Rule report: the HTML report of a study, and the lines to print when the run ends."""

from pushpull.job import job
from pushpull.paper.report import write_headline, write_report
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    study = load_study(snakemake.input.metrics, snakemake.input.runs, snakemake.input.cards)
    write_report(
        study,
        snakemake.input.tables,
        snakemake.input.figures,
        snakemake.input.run_json,
        snakemake.output.report,
    )
    write_headline(study, snakemake.output.report, snakemake.output.headline)
