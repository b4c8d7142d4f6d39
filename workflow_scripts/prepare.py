"""Rule prepare: three parquet files and the dataset card."""

from pathlib import Path

from pushpull.data.prepare import prepare
from pushpull.job import job

with job(snakemake.log[0]):
    manifest = snakemake.input.get("manifest")
    raw = Path(manifest).parent if manifest else None
    prepare(snakemake.wildcards.dataset, snakemake.params.entry, raw, Path(snakemake.output.card).parent)
