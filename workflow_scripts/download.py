"""Rule download: the published files of a dataset, each checked."""

from pathlib import Path

from pushpull.data.sources import fetch
from pushpull.job import job

with job(snakemake.log[0]):
    mirror = Path(str(snakemake.params.mirror)) if snakemake.params.mirror else None
    fetch(
        snakemake.wildcards.dataset, snakemake.params.source, Path(snakemake.output.manifest).parent, mirror
    )
