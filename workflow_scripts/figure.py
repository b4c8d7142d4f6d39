"""Rule figure: one figure of one paper, as PDF and PNG."""

from pushpull.job import job
from pushpull.papers import maker
from pushpull.planning.plan import Plan
from pushpull.tables.collect import open_shown
from pushpull.tables.style import save_figure

with job(snakemake.log[0]):
    study = open_shown(Plan(snakemake.config).record, snakemake.input)
    save_figure(maker(snakemake.wildcards.name)(study), snakemake.output.pdf, snakemake.output.png)
