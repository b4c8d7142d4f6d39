"""Rule table: one table of one paper, as tidy CSV, Markdown and LaTeX."""

from pushpull.job import job
from pushpull.papers import maker
from pushpull.planning.plan import Plan
from pushpull.tables.collect import open_shown
from pushpull.tables.writing import write_table

with job(snakemake.log[0]):
    name = snakemake.wildcards.name
    study = open_shown(Plan(snakemake.config).record, snakemake.input)
    write_table(maker(name)(study), snakemake.output.csv, snakemake.output.md, snakemake.output.tex)
