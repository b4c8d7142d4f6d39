"""Rule fetch_encoder: the files of an encoder of the hub, for jobs that ask nobody, and their hashes."""

import os
from pathlib import Path

from pushpull.files import write_json
from pushpull.job import HUB_OFFLINE, job

os.environ["HF_HUB_OFFLINE"] = os.environ.get(HUB_OFFLINE, "0")  # of the user; read when the hub's library is imported

with job(snakemake.log[0]):
    from pushpull.encoders.fetch import AbsentError, fetch

    card, record = snakemake.params.card, Path(snakemake.output[0])
    try:
        fetch(card, record)
    except AbsentError as absent:
        if not card.get("nli"):
            raise
        print(f"skipped: {absent}")  # zero_shot says so and goes on: weights that cannot be had stop no study
        write_json(record, {"absent": str(absent)})
