"""Rule download: the published files of a dataset, each checked or, the first time, recorded."""

import os
from pathlib import Path

from pushpull.data.sources import fetch
from pushpull.job import job

with job(snakemake.log[0]):
    # Not a param: where the bytes come from changes nothing in them, so it must not trigger a new download.
    mirror = os.environ.get("PUSHPULL_MIRROR") or snakemake.config.get("mirror")
    dataset = snakemake.wildcards.dataset
    # Outside results/data, and no output of the rule: a record that Snakemake deletes would hold nobody to anything.
    # By reader, for datasets that are splits of the same files.
    record = Path("results/checksums") / f"{snakemake.config['datasets'][dataset]['reader']}.json"
    folder = Path(snakemake.output.manifest).parent
    fetch(dataset, snakemake.params.source, folder, Path(mirror) if mirror else None, record)
