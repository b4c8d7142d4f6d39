"""How much text a run puts through its encoder, counted before anything is run. Imports nothing heavy."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

from pushpull.errors import InputError
from pushpull.plan import DATA

SPLITS = ("train", "validation", "test")
PRINTED = Path(__file__).parents[1] / "paper" / "printed"
DOCUMENTS = {"train": "train_documents", "validation": "val_documents", "test": "test_documents"}
WORDS = "words_per_document"

# Tokens per whitespace word, measured on the training texts (AAPD: the usual validation and test texts) with MiniLM's
# WordPiece and with GPT-2's byte pairs, which RoBERTa shares.
TOKENS_PER_WORD = {
    "reuters21578": {"wordpiece": 1.37, "bpe": 1.67},
    "semeval2018": {"wordpiece": 1.58, "bpe": 1.61},
    "aapd": {"wordpiece": 1.14, "bpe": 1.10},
}
NEWSWIRE = TOKENS_PER_WORD["reuters21578"]
SPECIAL_TOKENS = 2
BACKWARD = 2  # the backward pass costs two forward passes
# Kinds whose last, lowest-training-loss and lowest-validation-loss checkpoints are embedded and probed.
COMPARING = ("contrastive", "label_wise")
CHECKPOINTS_COMPARED = 3


class Sizes(NamedTuple):
    """Documents and words per document of each split of a dataset, its reader, and where the numbers come from."""

    documents: dict[str, int]
    words: dict[str, float]
    reader: str
    source: str


class Work(NamedTuple):
    """Tokens that pass through the encoder.

    Attributes:
        trained: forward and backward.
        alongside: forward only, while training: momentum encoder, validation after each epoch.
        afterwards: forward only: up to three checkpoints compared, all splits embedded.
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
    """Sizes of a prepared dataset from its card, else of the published one as a paper prints them, else None.

    Args:
        dataset: key in `config.yaml`.
        entry: what stands there; `printed_as` names the dataset in a paper's table of datasets.
    """
    card = Path(DATA.format(dataset=dataset), "card.json")
    if card.is_file():
        facts = json.loads(card.read_text(encoding="utf-8"))["splits"]
        documents, words = ({s: facts[s][key] for s in SPLITS} for key in ("documents", "words_per_document"))
        return Sizes(documents, words, entry["reader"], str(card))
    printed = (printed_sizes(paper, name, entry["reader"]) for paper, name in entry.get("printed_as", {}).items())
    return next(filter(None, printed), None)


def needed_sizes(dataset: str, entry: dict) -> Sizes:
    """What `sizes` returns.

    Raises:
        InputError: there is neither a card nor a printed size.
    """
    card = Path(DATA.format(dataset=dataset), "card.json")
    if found := sizes(dataset, entry):
        return found
    raise InputError(
        f"dataset {dataset}: its size is not known. There is no {card}, and datasets.{dataset}.printed_as in "
        f"config.yaml names no dataset of a paper's Table 1.\nPrepare it first: snakemake --cores all {card}"
    )


def printed_sizes(paper: str, name: str, reader: str) -> Sizes | None:
    """Sizes of the dataset that `paper` calls `name`, from its printed table of datasets; None if it prints none."""
    for path in PRINTED.glob(f"{paper}_table*_dataset_stats.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            facts = {row["metric"]: float(row["value"]) for row in csv.DictReader(stream) if row["dataset"] == name}
        if facts.keys() >= {WORDS, *DOCUMENTS.values()}:
            documents = {split: round(facts[metric]) for split, metric in DOCUMENTS.items()}
            return Sizes(documents, dict.fromkeys(SPLITS, facts[WORDS]), reader, path.name)
    return None


def tokens_per_word(reader: str, tokenizer: str) -> float:
    """Tokens per whitespace word of a dataset's text ("wordpiece" or "bpe"); newswire's where it was not measured."""
    return TOKENS_PER_WORD.get(reader, NEWSWIRE)[tokenizer]


def tokens_per_document(size: Sizes, split: str, tokenizer: str, max_tokens: int) -> float:
    """Tokens of a document of mean length, cut at `max_tokens`: an upper bound of the mean over documents.

    The mean of min(length, cut) is never above min(mean length, cut). At 300 tokens (WordPiece) the bound was 2 % above
    the mean of AAPD and 23 % above that of Reuters-21578; no one spread of lengths would fit both.
    """
    return min(size.words[split] * tokens_per_word(size.reader, tokenizer) + SPECIAL_TOKENS, max_tokens)


def work(settings: dict, size: Sizes, tokenizer: str) -> Work:
    """Tokens of one run. Counts the incomplete last batch of an epoch, which contrastive training drops.

    Args:
        settings: resolved settings of the run, `kind` among them.
        size: of its dataset.
        tokenizer: of its encoder, "wordpiece" or "bpe".
    """
    kind, documents = settings["kind"], size.documents
    mean = {split: tokens_per_document(size, split, tokenizer, settings["max_tokens"]) for split in SPLITS}
    embedded = sum(documents[split] * mean[split] for split in SPLITS)
    if kind == "pretrained":
        return Work(0, 0, embedded)
    train = mean["train"] * min(documents["train"], settings["train_documents"] or documents["train"])
    validation = mean["validation"] * documents["validation"]
    momentum = train if settings.get("queue_size") else 0
    compared = CHECKPOINTS_COMPARED if kind in COMPARING else 0
    return Work(
        trained=settings["epochs"] * train,
        alongside=settings["epochs"] * (momentum + validation),
        afterwards=compared * (train + validation) + embedded,
    )
