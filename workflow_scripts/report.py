"""Rule report: the manifest and the HTML report of a study, and the lines to print when the run ends."""

from pushpull.files import write_json
from pushpull.job import job
from pushpull.report.manifest import study_manifest
from pushpull.report.report import write_headline, write_report
from pushpull.tables.collect import open_study

with job(snakemake.log[0]):
    files = snakemake.input
    study = open_study(files)
    manifest = study_manifest(study.info, study.cards, files.run_json)
    write_json(snakemake.output.manifest, manifest)
    write_report(study, files.tables, files.figures, manifest, snakemake.output.report)
    write_headline(study, snakemake.output.report, snakemake.output.headline)
