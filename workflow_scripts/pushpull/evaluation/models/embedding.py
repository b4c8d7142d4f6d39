"""The vectors of a run: of every text, while the model is open, and of the label texts as they are now."""

import json
import shutil
from pathlib import Path

from pushpull.data.dataset import count_documents, iterate_texts, read_card
from pushpull.data.label_texts import label_texts
from pushpull.files import atomic_path, write_json

SPLITS = ("train", "validation", "test")
LABELS, TEXTS = "labels.npy", "labels.json"


def embed_run(encoder, folder: Path, data: Path, settings: dict, label_file: str | None) -> None:
    """Write `embeddings/`, float32: each split in the order of its parquet file, and the label texts, with these texts.

    Where the model has a classifier, its scores of validation and test are written into `classifier/` on the way. Test
    labels stay closed.

    Args:
        encoder: as trained.
        folder: of the run, with its `model`.
        data: folder of the prepared dataset.
        settings: resolved settings of the run.
        label_file: the user's label texts, None: those of the dataset's reader.
    """
    import torch

    from pushpull.encoders.encoder import embed_blocks, pick_device, text_vectors
    from pushpull.encoders.heads import open_classifier

    card, vectors = read_card(data), (encoder.get_embedding_dimension(), text_vectors)
    files = {split: {folder / f"embeddings/{split}.npy": vectors} for split in SPLITS}
    if (weights := folder / "model/classifier.safetensors").is_file():
        classifier = open_classifier(weights, encoder).to(pick_device())
        activate = torch.sigmoid if card["task"] == "multi" else torch.nn.Softmax(dim=1)
        for split in ("validation", "test"):
            scores = len(card["labels"]), lambda found: activate(classifier(found).float())
            files[split][folder / f"classifier/{split}.npy"] = scores
    for split in SPLITS:
        blocks, documents = iterate_texts(data, split, settings["clean_text"]), count_documents(data, split)
        embed_blocks(encoder, blocks, documents, settings["max_tokens"], files[split], split)
    texts = label_texts(card, label_file, settings["label_text"])
    _embed_labels(encoder, texts, settings, folder / "embeddings" / LABELS)
    write_json(folder / "embeddings" / TEXTS, texts)


def label_vectors(folder: Path, data: Path, settings: dict, label_file: str | None, remote_code: bool) -> None:
    """Write `dbc/labels.npy`: vectors of the label texts as they are now, float32 [labels, d].

    They are those that the run was embedded with where its texts are the same; else the model is opened again.

    Args:
        as in `embed_run`; remote_code: whether Python code that comes with the encoder may be run.
    """
    texts, target = label_texts(read_card(data), label_file, settings["label_text"]), folder / "dbc" / LABELS
    embedded = folder / "embeddings" / TEXTS
    if json.loads(embedded.read_text(encoding="utf-8")) == texts:
        with atomic_path(target) as temporary:
            shutil.copyfile(folder / "embeddings" / LABELS, temporary)
        return
    from pushpull.encoders.encoder import open_encoder

    _embed_labels(open_encoder(folder / "model", remote_code), texts, settings, target)


def _embed_labels(encoder, texts: list[str], settings: dict, path: Path) -> None:
    from pushpull.encoders.encoder import embed_blocks, text_vectors

    output = {path: (encoder.get_embedding_dimension(), text_vectors)}
    embed_blocks(encoder, [texts], len(texts), settings["max_tokens"], output, "labels", "label")
