"""Models of natural language inference: does a premise entail a hypothesis?"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from pushpull.encoders.tokens import Tokens
from pushpull.errors import InputError

disable_progress_bar()

# No pickled weights and no code: what is not downloaded cannot be run.
FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


class AbsentWeightsError(InputError):
    """Weights that are neither in the hub's cache nor in reach; the message says how to get them."""


class Nli(NamedTuple):
    """A model in eval mode, its tokenizer, the columns of its two answers, and the longest pair that it reads."""

    model: nn.Module
    tokenizer: PreTrainedTokenizerBase
    entailment: int
    contradiction: int
    longest: int


def load_nli(card: dict) -> Nli:
    """Load the model that an entry of `encoders:` with `nli: true` describes, in float32 on the CPU.

    Args:
        card: `hub` and `revision` (40 hexadecimal digits).

    Raises:
        AbsentWeightsError: they are not in the hub's cache and cannot be downloaded, or are no safetensors.
        InputError: the hub has no such model or revision, or the model has no answer that means entailment.
    """
    folder = _fetch(card["hub"], card["revision"])
    # Some are published in float16, in which a CPU is slow.
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    longest = min(
        tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", tokenizer.model_max_length)
    )
    return Nli(model, tokenizer, *_answers(card["hub"], model.config.label2id), longest)


def tokenise_premises(nli: Nli, texts: list[str], max_tokens: int) -> Tokens:
    """Tokenise texts once, cut at `max_tokens` (special tokens included): the beginning of every pair."""
    rows = nli.tokenizer(texts, truncation=True, max_length=max_tokens, return_attention_mask=False)["input_ids"]
    return Tokens.from_rows(rows, nli.tokenizer.pad_token_id)


def tokenise_hypotheses(nli: Nli, sentences: list[str]) -> Tokens:
    """Tokenise sentences once: what stands behind the premise in every pair, special tokens included.

    Raises:
        InputError: a pair of this model is not a premise as it stands alone with the hypothesis behind it.
    """
    premise = nli.tokenizer("a")["input_ids"]
    pairs = nli.tokenizer(["a"] * len(sentences), sentences)["input_ids"]
    if any(pair[: len(premise)] != premise for pair in pairs):
        raise InputError(
            f"encoder {nli.model.config.name_or_path}: its pairs do not begin with the premise as it stands alone; "
            "take a model such as those of BERT, RoBERTa, BART or DeBERTa"
        )
    return Tokens.from_rows([pair[len(premise) :] for pair in pairs], nli.tokenizer.pad_token_id)


def pair_batch(
    nli: Nli, premises: Tokens, hypotheses: Tokens, rows: np.ndarray, columns: np.ndarray, device: str = "cpu"
) -> dict[str, Tensor]:
    """What the model takes of pairs (premise `rows[i]`, hypothesis `columns[i]`): int64 [pairs, longest of them]."""
    parts = premises.batch(rows, device), hypotheses.batch(columns, device)
    ids, mask = (torch.cat([part[key] for part in parts], dim=1) for key in ("input_ids", "attention_mask"))
    longest = int((premises.lengths[rows] + hypotheses.lengths[columns]).max(initial=0))
    # Real tokens first, in their order: the padding between premise and hypothesis goes to the end.
    order = mask.argsort(dim=1, descending=True, stable=True)[:, :longest]
    batch = {"input_ids": ids.gather(1, order), "attention_mask": mask.gather(1, order)}
    if "token_type_ids" in nli.tokenizer.model_input_names:
        second = (order >= parts[0]["input_ids"].shape[1]).long()
        batch["token_type_ids"] = second * batch["attention_mask"]
    return batch


def entailment(nli: Nli, batch: dict[str, Tensor]) -> Tensor:
    """Probability of entailment against contradiction, neutral left out, float32 [pairs] in [0, 1].

    Source: Yin et al., "Benchmarking Zero-shot Text Classification" (EMNLP 2019), as in the zero-shot pipeline of
    transformers with `multi_label=True`.
    """
    logits = nli.model(**batch).logits[:, [nli.contradiction, nli.entailment]]
    return logits.float().softmax(dim=1)[:, 1]


def _fetch(hub: str, revision: str) -> Path:
    """The folder of a model's files: cached, or else downloaded."""
    pinned = {"revision": revision, "allow_patterns": FILES}
    reason = "no *.safetensors among its files"
    # The cache first, which asks nobody: where there is no network, every question takes half a minute.
    for offline in (True, False):
        try:
            folder = Path(snapshot_download(hub, **pinned, local_files_only=offline))
        except (RepositoryNotFoundError, RevisionNotFoundError) as error:
            raise InputError(f"encoder {hub} at revision {revision}: {error}\nCorrect hub and revision.") from error
        except (LocalEntryNotFoundError, HTTPError) as error:
            reason = str(error.__cause__ or error).splitlines()[0]
        else:
            if any(folder.glob("*.safetensors")) and (folder / "tokenizer_config.json").is_file():
                return folder
    raise AbsentWeightsError(
        f"the weights of {hub} at revision {revision} are neither in the hub's cache nor in reach ({reason}). "
        f"Where there is a network, run `hf download {hub} --revision {revision}`, copy the hub's cache here and set "
        "HF_HOME to it; then run the same command again with --forcerun fetch_encoder"
    )


def _answers(hub: str, columns: dict[str, int]) -> tuple[int, int]:
    """Columns of entailment and of contradiction; of two answers, what is not entailment is contradiction."""
    named = {str(name).lower(): column for name, column in columns.items()}
    yes = [column for name, column in named.items() if name.startswith("entail")]
    no = [column for name, column in named.items() if name.startswith("contra")]
    if len(named) == 2:
        no = [column for column in named.values() if column not in yes]
    if len(yes) != 1 or len(no) != 1:
        raise InputError(
            f"encoder {hub}: its answers are {', '.join(sorted(columns, key=columns.get))}; wanted: one that begins "
            "with `entail` and one with `contra`, or `entail` and one other; take a model of natural language inference"
        )
    return yes[0], no[0]
