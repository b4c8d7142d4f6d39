"""Rule compare: paired tests between a paper's methods, on their decisions about the same test documents."""

from pathlib import Path

from pushpull.job import job
from pushpull.papers import part, shown
from pushpull.planning.plan import Plan
from pushpull.tables.collect import open_shown
from pushpull.tables.comparisons import compare, write_comparisons
from pushpull.tables.study import only_shown

with job(snakemake.log[0]):
    paper = snakemake.wildcards.paper
    study = open_shown(Plan(snakemake.config).record, snakemake.input)
    study = only_shown(study, paper, shown(paper, "table_ladder"))
    folders = {Path(test).parent.name: Path(test).parent for test in snakemake.input.tests}
    comparisons = part(paper, "rows").COMPARISONS
    write_comparisons(compare(study, paper, comparisons, folders), snakemake.output[0])
