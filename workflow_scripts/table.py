"""Rule table: one table of one paper, as tidy CSV, Markdown and LaTeX."""

from pushpull.job import job
from pushpull.paper.registry import table_maker
from pushpull.paper.study import load_study
from pushpull.paper.writing import write_table

with job(snakemake.log[0]):
    files = snakemake.input
    study = load_study(files.metrics, files.runs, files.cards, files.comparisons, files.inference)
    table = table_maker(snakemake.params.name)(study)
    write_table(table, snakemake.output.csv, snakemake.output.md, snakemake.output.tex)
