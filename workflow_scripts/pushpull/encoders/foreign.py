"""Encoders that sentence-transformers itself has to open: modules behind a pooling, and code of a repository's own."""

import logging
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from pushpull.encoders.foreign_code import mend
from pushpull.errors import InputError

# That an encoder with prompts puts them in front of texts is meant.
logging.getLogger("sentence_transformers").setLevel(logging.ERROR)


class ForeignEncoder(SentenceTransformer):
    """An encoder with code of its own, which sentence-transformers alone knows how to run and to save."""

    def forward(self, features: dict[str, Tensor], **options) -> dict[str, Tensor]:
        """Add `token_embeddings` [B, T, h] and `sentence_embedding` [B, d] to a padded batch."""
        # Code of others takes what sentence-transformers gives it, and that knows no lengths.
        return super().forward({name: value for name, value in features.items() if name != "lengths"}, **options)

    def token_states(self, batch: dict[str, Tensor]) -> Tensor:
        """Last hidden states [B, T, h] of a padded batch."""
        return self(batch)["token_embeddings"]

    def save(self, folder: Path, max_tokens: int | None = None) -> None:
        """Write a folder that `SentenceTransformer(folder)` opens; its `encode` cuts texts at `max_tokens`."""
        if max_tokens is not None:
            self[0].processing_kwargs = {"text": {"max_length": max_tokens}}
        super().save(str(folder), create_model_card=False)


def load_foreign(
    source: str, pooling: str, revision: str | None, changed: dict, prompts: dict[str, str], trusted: bool
) -> ForeignEncoder:
    """Open the encoder of a card that allows code of its own; its weights are float32.

    Args:
        source: folder or hub repository; pooling: as in the card; changed: keys of the configuration, set anew.
        trusted: that the card allows it.
    """
    options = _options(revision, changed, trusted)
    if pooling == "published":
        modules = list(_open(source, revision, trusted, options))
    else:
        transformer = Transformer(source, **options)
        modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling)]
    default = "text" if "text" in prompts else None
    encoder = ForeignEncoder(modules=modules, device="cpu", prompts=prompts, default_prompt_name=default)
    mend(encoder[0].model)
    return encoder


def load_parts(
    source: str, revision: str | None, changed: dict
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, list[nn.Module]]:
    """Open what is published without code of its own; return transformer, tokeniser, and the modules behind.

    Raises:
        InputError: the first module gives no states of tokens.
    """
    first, *behind = _open(source, revision, False, _options(revision, changed, False))
    if not isinstance(first, Transformer) or first.module_output_name != "token_embeddings":
        raise InputError(
            f"encoder {source}: its first module, {type(first).__name__}, gives no states of tokens; choose an encoder "
            "that begins with a transformer"
        )
    return first.model, first.tokenizer, behind


def open_foreign(folder: Path, trusted: bool) -> ForeignEncoder:
    """Open a folder that `ForeignEncoder.save` wrote; `trusted`: that the card allows its code."""
    encoder = ForeignEncoder(str(folder), device="cpu", local_files_only=True, trust_remote_code=trusted)
    mend(encoder[0].model)
    return encoder


def _open(source: str, revision: str | None, trusted: bool, options: dict) -> SentenceTransformer:
    return SentenceTransformer(source, device="cpu", revision=revision, trust_remote_code=trusted, **options)


def _options(revision: str | None, changed: dict, trusted: bool) -> dict:
    pinned = {"revision": revision, "trust_remote_code": trusted}
    code = {"code_revision": revision} if trusted else {}
    return {
        "model_kwargs": {**pinned, **code, "use_safetensors": True, "dtype": torch.float32},
        "processor_kwargs": pinned,
        "config_kwargs": {**pinned, **code, **changed},
    }
