"""Rule report: the manifest and the HTML report of a study, and the lines to print when the run ends."""

from pushpull.files import write_json
from pushpull.job import job
from pushpull.paper.manifest import study_manifest
from pushpull.paper.report import write_headline, write_report
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    files = snakemake.input
    study = load_study(files.metrics, files.runs, files.cards, files.comparisons, files.inference)
    manifest = study_manifest(study.info, study.cards, files.run_json)
    write_json(snakemake.output.manifest, manifest)
    write_report(study, files.tables, files.figures, manifest, snakemake.output.report)
    write_headline(study, snakemake.output.report, snakemake.output.headline)
