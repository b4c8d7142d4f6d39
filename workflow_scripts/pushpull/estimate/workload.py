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

# The split of a paper that prints whole corpora; the rest is train. kNN-MLTC: as its Table 7 (datastores) implies.
SPLIT_OFF = {"knn_mltc": {"validation": 1000, "test": 1000}}

# Documents and words per document of each split, and labels, where a paper has no table of its datasets. CLLD: train
# and test as printed (MR: the split that it names), a tenth of train cut off; words counted in the published files.
COUNTED = {
    ("clld", "20NG"): ((10_182, 1132, 7532), (287.5, 287.5, 277.9), 20),
    ("clld", "TREC-6"): ((4906, 546, 500), (10.2, 10.2, 7.5), 6),
    ("clld", "R8"): ((4936, 549, 2189), (105.3, 105.3, 95.1), 8),
    ("clld", "R52"): ((5878, 654, 2568), (112.3, 112.3, 102.6), 52),
    ("clld", "MR"): ((6397, 711, 3554), (21.0, 21.0, 21.0), 2),
}

# Tokens per whitespace word, measured on the training texts (AAPD: the usual validation and test texts) with MiniLM's
# WordPiece, with GPT-2's byte pairs, which RoBERTa shares, and with the word encoders' words and punctuation marks.
TOKENS_PER_WORD = {
    "reuters21578": {"wordpiece": 1.37, "bpe": 1.67, "words": 1.24},
    "semeval2018": {"wordpiece": 1.58, "bpe": 1.61, "words": 1.34},
    "aapd": {"wordpiece": 1.14, "bpe": 1.10, "words": 1.03},
    "eventdna": {"wordpiece": 2.12, "words": 1.04},  # Dutch
    "trec6": {"wordpiece": 1.12, "words": 1.06},
    "mr": {"wordpiece": 1.21, "words": 1.09},
    "cachopo": {"wordpiece": 1.15, "words": 1.00},  # no punctuation
    "newsgroups20": {"wordpiece": 2.01, "words": 1.78},
}
NEWSWIRE = TOKENS_PER_WORD["reuters21578"]
SPECIAL_TOKENS = {"wordpiece": 2, "bpe": 2, "words": 0}
BACKWARD = 2  # the backward pass costs two forward passes
VIEWS = {"label_distance": 2}  # how often a document is in its training batch, where not once
# Kinds whose last, lowest-training-loss and lowest-validation-loss checkpoints are embedded and probed.
COMPARING = ("contrastive", "label_wise")
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
        trained: forward and backward; every view of a document counts.
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
    known = (printed_sizes(*name, entry["reader"]) or counted_sizes(*name, entry["reader"]) for name in names)
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
    for path in PRINTED.glob(f"{paper}_table*_dataset_stats.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            facts = {row["metric"]: float(row["value"]) for row in csv.DictReader(stream) if row["dataset"] == name}
        documents = _split(paper, facts)
        if documents and facts.keys() >= {WORDS, "labels"}:
            words = dict.fromkeys(SPLITS, facts[WORDS])
            return Sizes(documents, words, round(facts["labels"]), reader, path.name)
    return None


def counted_sizes(paper: str, name: str, reader: str) -> Sizes | None:
    """Sizes of the dataset that `paper` calls `name`, from `COUNTED`; None if it is not there."""
    if (paper, name) not in COUNTED:
        return None
    documents, words, labels = COUNTED[paper, name]
    by_split = (dict(zip(SPLITS, values, strict=True)) for values in (documents, words))
    return Sizes(*by_split, labels, reader, "published files, counted")


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
    return TOKENS_PER_WORD.get(reader, NEWSWIRE).get(tokenizer, NEWSWIRE[tokenizer])


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
    return _work(settings, size.documents, mean)


def work_in_documents(settings: dict, size: Sizes) -> Work:
    """What `work` returns, in documents."""
    return _work(settings, size.documents, dict.fromkeys(SPLITS, 1))


def _work(settings: dict, documents: dict[str, int], mean: dict[str, float]) -> Work:
    kind = settings["kind"]
    embedded = sum(documents[split] * mean[split] for split in SPLITS)
    if kind == "pretrained":
        return Work(0, 0, embedded)
    train = mean["train"] * min(documents["train"], settings["train_documents"] or documents["train"])
    validation = mean["validation"] * documents["validation"]
    momentum = train if settings.get("queue_size") else 0
    compared = CHECKPOINTS_COMPARED if kind in COMPARING else 0
    return Work(
        trained=settings["epochs"] * VIEWS.get(kind, 1) * train,
        alongside=settings["epochs"] * (momentum + validation),
        afterwards=compared * (train + validation) + embedded,
    )
