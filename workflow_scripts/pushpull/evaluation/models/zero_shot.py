"""Zero-shot classification: a document has the labels that a model of natural language inference says it entails."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from pushpull.data.dataset import count_documents, iterate_texts, label_names, read_card, read_labels
from pushpull.encoders.encoder import pick_device, use_bfloat16
from pushpull.encoders.nli import Nli, entailment, pair_batch, tokenise_hypotheses, tokenise_premises
from pushpull.encoders.tokens import Tokens
from pushpull.evaluation.dbc import decide as dbc
from pushpull.evaluation.protocols import SPLITS, half, write_scores
from pushpull.evaluation.summary import Row, decision_rows

HYPOTHESIS = "This text is about {}."
BATCH = 32


def evaluate(nli: Nli, data: Path, folder: Path, settings: dict, labels: list[str]) -> list[Row]:
    """Score and decide both splits of a multi-label dataset, write that, and measure it.

    Args:
        data: folder of the prepared dataset.
        folder: where validation.npy, test.npy (float32 [documents, labels]) and decisions.npz go.
        settings: `max_tokens` of a text and `clean_text`.
        labels: text of each label, in the order of the dataset's card.

    Returns:
        Rows of metrics.csv; the protocol is zero_shot for the rule `half`, zero_shot_{rule} for the others.
    """
    card = read_card(data)
    names = label_names(card)
    validation, test = (
        score_documents(
            nli,
            iterate_texts(data, split, settings["clean_text"]),
            count_documents(data, split),
            labels,
            settings["max_tokens"],
            split,
        )
        for split in SPLITS
    )
    decisions = decide(validation, read_labels(data, "validation", names), test)
    write_scores(folder, validation, test, decisions)
    truth = {split: read_labels(data, split, names) for split in SPLITS}
    by_split = {rule: dict(zip(SPLITS, both, strict=True)) for rule, both in decisions.items()}
    return list(decision_rows("zero_shot", by_split, truth, card["task"]))


def score_documents(
    nli: Nli, blocks: Iterable[list[str]], documents: int, labels: list[str], max_tokens: int, title: str = "zero-shot"
) -> np.ndarray:
    """Return the probability that a text entails "This text is about {label}.", float32 [documents, labels].

    Only a block's tokens are in memory. A text is cut at `max_tokens`, or where its pairs get too long for the model.

    Args:
        blocks: the texts of a corpus in blocks, `documents` in all.
        labels: text of each label.

    Raises:
        InputError: a model whose pairs are not a premise with the hypothesis behind it.
    """
    hypotheses = tokenise_hypotheses(nli, [HYPOTHESIS.format(label) for label in labels])
    longest = min(max_tokens, nli.longest - int(hypotheses.lengths.max()))
    scores = np.empty((documents, len(labels)), np.float32)
    begin = 0
    for texts in blocks:
        _fill(scores[begin : begin + len(texts)], nli, tokenise_premises(nli, texts, longest), hypotheses, title)
        begin += len(texts)
    return scores


@torch.no_grad()
def _fill(scores: np.ndarray, nli: Nli, premises: Tokens, hypotheses: Tokens, title: str) -> None:
    """Fill scores [premises, hypotheses], pairs sorted by length, so that hardly a token is padding."""
    device = pick_device()
    nli.model.to(device)
    order = np.argsort(-np.add.outer(premises.lengths, hypotheses.lengths), axis=None, kind="stable")
    for start in tqdm(range(0, len(order), BATCH), desc=title, unit="batch", mininterval=5):
        rows, columns = np.divmod(order[start : start + BATCH], scores.shape[1])
        with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
            found = entailment(nli, pair_batch(nli, premises, hypotheses, rows, columns, device))
        scores[rows, columns] = found.cpu().numpy()


def decide(
    validation: np.ndarray, validation_labels: np.ndarray, test: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return {rule: (validation decisions, test decisions)}, bool: `half`, and every rule of `dbc.decide`.

    Args:
        validation, test: probabilities, float32 [documents, labels].
        validation_labels: bool or uint8, the shape of `validation`.

    Raises:
        InputError: a score is NaN or infinite; the row is named.
    """
    by_threshold, _ = dbc.decide(validation, validation_labels, test)
    return {"half": (half(validation, "multi"), half(test, "multi")), **by_threshold}
