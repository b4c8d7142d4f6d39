"""Rule embed: text vectors of every split and of the label texts by the trained encoder, scores by its classifier."""

from pathlib import Path

import torch
from pushpull.data.dataset import count_documents, iterate_texts, read_card
from pushpull.data.label_texts import label_texts
from pushpull.encoders.encoder import embed_blocks, open_encoder, pick_device, text_vectors
from pushpull.encoders.heads import open_classifier
from pushpull.job import cpu_count, job

with job(snakemake.log[0]):
    torch.set_num_threads(cpu_count(snakemake.threads, snakemake.resources))
    data, params, output = Path(snakemake.input.card).parent, snakemake.params, snakemake.output
    folder = Path(snakemake.input.model)
    encoder, card = open_encoder(folder, params.remote_code), read_card(data)
    labels = label_texts(card, next(iter(snakemake.input.label_texts), None), params.label_text)
    vectors = encoder.get_embedding_dimension(), text_vectors
    files = {part: {output[part]: vectors} for part in ("train", "validation", "test", "labels")}
    if hasattr(output, "test_scores"):
        classifier = open_classifier(folder / "classifier.safetensors", encoder).to(pick_device())
        activate = torch.sigmoid if card["task"] == "multi" else torch.nn.Softmax(dim=1)
        for split in ("validation", "test"):
            files[split][output[f"{split}_scores"]] = len(labels), lambda found: activate(classifier(found).float())
    for split in ("train", "validation", "test"):
        blocks, documents = iterate_texts(data, split, params.clean_text), count_documents(data, split)
        embed_blocks(encoder, blocks, documents, params.max_tokens, files[split], split)
    embed_blocks(encoder, [labels], len(labels), params.max_tokens, files["labels"], "labels", "label")
