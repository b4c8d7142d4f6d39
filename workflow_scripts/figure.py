"""Rule figure: one figure of one paper, as PDF and PNG."""

from pushpull.job import job
from pushpull.paper.figure_registry import figure_maker
from pushpull.paper.figures import save_figure
from pushpull.paper.study import load_study

with job(snakemake.log[0]):
    files = snakemake.input
    further = {name: files[name] for name in ("neighbourhoods", "label_distances")}
    study = load_study(files.metrics, files.runs, files.cards, **further)
    figure = figure_maker(snakemake.params.name)(study)
    save_figure(figure, snakemake.output.pdf, snakemake.output.png)
