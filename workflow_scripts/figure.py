"""Rule figure: one figure of one paper, as PDF and PNG."""

from pushpull.job import job
from pushpull.paper.figure_registry import figure_maker
from pushpull.paper.figures import save_figure
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    study = load_study(snakemake.input.metrics, snakemake.input.runs, snakemake.input.cards)
    figure = figure_maker(snakemake.params.name)(study)
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
