"""How much text a run puts through its encoder, counted before anything is run. Imports nothing heavy."""

import csv
import json
from math import ceil
from pathlib import Path
from typing import NamedTuple

from pushpull.data.facts import facts, published_size
from pushpull.errors import InputError
from pushpull.kinds import KINDS
from pushpull.planning.inputs import DATA
from pushpull.tables.shown import PAPERS

SPLITS = ("train", "validation", "test")
DOCUMENTS = {"train": "train_documents", "validation": "val_documents", "test": "test_documents"}
WORDS = "words_per_document"

# The split of a paper that prints whole corpora; the rest is train. kNN-MLTC: as its Table 7 (datastores) implies.
SPLIT_OFF = {"knn_mltc": {"validation": 1000, "test": 1000}}


NEWSWIRE = facts("reuters21578").tokens_per_word
SPECIAL_TOKENS = {"wordpiece": 2, "bpe": 2, "words": 0}
LABEL_TOKENS = 8  # of a label text, with special tokens
HYPOTHESIS_TOKENS = 10  # of "This text is about {label}.", behind a text
BACKWARD = 2  # the backward pass costs two forward passes
VALIDATION_BATCH = 256  # documents, as in training.loop
# Splits that the last, lowest-training-loss and lowest-validation-loss checkpoints embed, to be compared.
COMPARING = {"": (), "probe": ("train", "validation"), "dbc": ("validation",)}
CHECKPOINTS_COMPARED = 3


class Sizes(NamedTuple):
    """Documents and words per document of each split of a dataset, its labels, reader, and the numbers' source."""

    documents: dict[str, int]
    words: dict[str, float]
    labels: int
    reader: str
    source: str


class Work(NamedTuple):
    """Tokens, or documents, that pass through the encoder.

    Attributes:
        trained: forward and backward; every view of a document counts, and the label texts of every batch.
        alongside: forward only, while training: momentum encoder, validation after each epoch.
        afterwards: forward only: up to three checkpoints compared, all splits embedded; or pairs of text and label.
    """

    trained: float
    alongside: float
    afterwards: float

    @property
    def tokens(self) -> float:
        """Tokens, each counted once a pass; a forward and its backward pass are one."""
        return sum(self)

    @property
    def training_passes(self) -> float:
        """Tokens x forward passes while training, where a backward pass counts as two."""
        return (1 + BACKWARD) * self.trained + self.alongside

    @property
    def passes(self) -> float:
        """Tokens x forward passes of the whole run."""
        return self.training_passes + self.afterwards


def sizes(dataset: str, entry: dict) -> Sizes | None:
    """Sizes of a prepared dataset from its card, else of the published one as printed or counted, else None.

    Args:
        dataset: key in `config.yaml`.
        entry: what stands there; `printed_as` names the dataset in a paper's table of datasets.
    """
    card = Path(DATA.format(dataset=dataset), "card.json")
    if card.is_file():
        facts = json.loads(card.read_text(encoding="utf-8"))
        documents, words = ({s: facts["splits"][s][key] for s in SPLITS} for key in ("documents", "words_per_document"))
        return Sizes(documents, words, len(facts["labels"]), entry["reader"], str(card))
    names = entry.get("printed_as", {}).items()
    known = (printed_sizes(*name, entry["reader"]) or counted_sizes(entry) for name in names)
    return next(filter(None, known), None)


def needed_sizes(dataset: str, entry: dict) -> Sizes:
    """What `sizes` returns.

    Raises:
        InputError: there is neither a card nor a printed or counted size.
    """
    card = Path(DATA.format(dataset=dataset), "card.json")
    if found := sizes(dataset, entry):
        return found
    raise InputError(
        f"dataset {dataset}: its size is not known. There is no {card}, and datasets.{dataset}.printed_as in "
        f"config.yaml names no published one of known size.\nPrepare it first: snakemake --cores all {card}"
    )


def printed_sizes(paper: str, name: str, reader: str) -> Sizes | None:
    """Sizes of the dataset that `paper` calls `name`, from its printed table of datasets; None if it prints none."""
    for path in PAPERS.glob(f"{paper}/printed/table*_dataset_stats.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            facts = {row["metric"]: float(row["value"]) for row in csv.DictReader(stream) if row["dataset"] == name}
        documents = _split(paper, facts)
        if documents and facts.keys() >= {WORDS, "labels"}:
            words = dict.fromkeys(SPLITS, facts[WORDS])
            return Sizes(documents, words, round(facts["labels"]), reader, path.name)
    return None


def counted_sizes(entry: dict) -> Sizes | None:
    """Sizes of the published dataset of an entry, as its reader knows them; None if they are not known."""
    if not (found := published_size(entry)):
        return None
    by_split = (dict(zip(SPLITS, found[part], strict=True)) for part in ("documents", "words"))
    return Sizes(*by_split, found["labels"], entry["reader"], found.get("from", "published files, counted"))


def _split(paper: str, facts: dict[str, float]) -> dict[str, int] | None:
    """Documents of each split, as printed or as they follow from the printed whole; None where neither is there."""
    if facts.keys() >= set(DOCUMENTS.values()):
        return {split: round(facts[metric]) for split, metric in DOCUMENTS.items()}
    if "documents" in facts and paper in SPLIT_OFF:
        rest = SPLIT_OFF[paper]
        return {"train": round(facts["documents"]) - sum(rest.values()), **rest}
    return None


def tokens_per_word(reader: str, tokenizer: str) -> float:
    """Tokens per whitespace word of a dataset's text; newswire's where it was not measured.

    Args:
        tokenizer: "wordpiece", "bpe" or "words".
    """
    return facts(reader).tokens_per_word.get(tokenizer, NEWSWIRE[tokenizer])


def tokens_per_document(size: Sizes, split: str, tokenizer: str, max_tokens: int) -> float:
    """Tokens of a document of mean length, cut at `max_tokens`: an upper bound of the mean over documents.

    The mean of min(length, cut) is never above min(mean length, cut). At 300 tokens (WordPiece) the bound was 2 % above
    the mean of AAPD and 23 % above that of Reuters-21578, at 128 tokens 2 % above that of 20 Newsgroups and 51 % above
    that of R8; no one spread of lengths would fit all.
    """
    return min(size.words[split] * tokens_per_word(size.reader, tokenizer) + SPECIAL_TOKENS[tokenizer], max_tokens)


def work(settings: dict, size: Sizes, tokenizer: str) -> Work:
    """Tokens of one run. Counts the incomplete last batch of an epoch, which contrastive training drops.

    Args:
        settings: resolved settings of the run, `kind` among them; with `patience` all epochs count, an upper bound.
        size: of its dataset.
        tokenizer: of its encoder, "wordpiece", "bpe" or "words".
    """
    mean = {split: tokens_per_document(size, split, tokenizer, settings["max_tokens"]) for split in SPLITS}
    return _work(settings, size, mean | {"label": LABEL_TOKENS, "hypothesis": HYPOTHESIS_TOKENS})


def work_in_documents(settings: dict, size: Sizes) -> Work:
    """What `work` returns, in documents; a label text is one, a hypothesis is part of its pair."""
    return _work(settings, size, dict.fromkeys((*SPLITS, "label"), 1) | {"hypothesis": 0})


def paced_tokens(settings: dict, size: Sizes, tokenizer: str) -> float:
    """Tokens of a run's training documents, each once an epoch: what `tokens_per_second` in run.json counts."""
    mean = tokens_per_document(size, "train", tokenizer, settings["max_tokens"])
    return settings["epochs"] * _train_documents(settings, size) * mean


def _train_documents(settings: dict, size: Sizes) -> int:
    return min(size.documents["train"], settings["train_documents"] or size.documents["train"])


def _work(settings: dict, size: Sizes, mean: dict[str, float]) -> Work:
    """Work with so many tokens, or documents, to a document of each split, a label text and a hypothesis."""
    kind, documents = settings["kind"], size.documents
    if kind == "zero_shot":
        pairs = sum(documents[split] * (mean[split] + mean["hypothesis"]) for split in ("validation", "test"))
        return Work(0, 0, size.labels * pairs)
    embedded = sum(documents[split] * mean[split] for split in SPLITS)
    if kind == "pretrained":
        return Work(0, 0, embedded)
    trained = _train_documents(settings, size)
    texts = {"train": mean["train"] * trained, "validation": mean["validation"] * documents["validation"]}
    momentum = texts["train"] if settings.get("queue_size") else 0
    # Label texts go through the encoder with every batch.
    labels = size.labels * mean["label"] if kind == "text_label" else 0
    steps = ceil(trained / settings["batch_size"])
    validation_steps = ceil(documents["validation"] / VALIDATION_BATCH)
    return Work(
        trained=settings["epochs"] * (KINDS[kind].views * texts["train"] + labels * steps),
        alongside=settings["epochs"] * (momentum + texts["validation"] + labels * validation_steps),
        afterwards=CHECKPOINTS_COMPARED * sum(texts[split] for split in COMPARING[KINDS[kind].checkpoint]) + embedded,
    )
