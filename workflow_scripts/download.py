"""Rule download: the published files of a dataset, each checked."""

import os
from pathlib import Path

from pushpull.data.sources import fetch
from pushpull.job import job

with job(snakemake.log[0]):
    # Not a param: where the bytes come from changes nothing in them, so it must not trigger a new download.
    mirror = os.environ.get("PUSHPULL_MIRROR") or snakemake.config.get("mirror")
    folder = Path(snakemake.output.manifest).parent
    fetch(snakemake.wildcards.dataset, snakemake.params.source, folder, Path(mirror) if mirror else None)
