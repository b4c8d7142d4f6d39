"""Rule embed: text vectors of every split and of the label texts, by the trained encoder."""

from pathlib import Path

import torch
from pushpull.data.dataset import count_documents, iterate_texts, label_texts, read_card
from pushpull.encoders.sentence import embed_blocks, open_encoder
from pushpull.job import cpu_count, job

with job(snakemake.log[0]):
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, params, output = Path(snakemake.input.card).parent, snakemake.params, snakemake.output
    encoder = open_encoder(Path(snakemake.input.model))
    for split in ("train", "validation", "test"):
        blocks, documents = iterate_texts(data, split, params.clean_text), count_documents(data, split)
        embed_blocks(encoder, blocks, documents, params.max_tokens, output[split], split)
    labels = label_texts(read_card(data))
    embed_blocks(encoder, [labels], len(labels), params.max_tokens, output.labels, "labels")
