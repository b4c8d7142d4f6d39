"""Rule embed: text vectors of every split and of the label texts, by the trained encoder."""

from pathlib import Path

import numpy as np
import torch
from pushpull.data.dataset import label_texts, read_card, read_texts
from pushpull.encoders.sentence import embed, open_encoder, pick_device, tokenise
from pushpull.files import atomic_path
from pushpull.job import cpu_count, job

with job(snakemake.log[0]):
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, encoder = Path(snakemake.input.card).parent, open_encoder(Path(snakemake.input.model))
    texts = {split: read_texts(data, split) for split in ("train", "validation", "test")}
    texts["labels"] = label_texts(read_card(data))
    for name, corpus in texts.items():
        tokens = tokenise(encoder, corpus, snakemake.params.max_tokens)
        vectors = embed(encoder, tokens, pick_device(), title=f"embed {name}")
        with atomic_path(snakemake.output[name]) as temporary, temporary.open("wb") as stream:
            np.save(stream, vectors)
