"""What every encoder can do: tokenise once, run on trimmed batches, be saved as a folder and opened again."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from pushpull.encoders import registry
from pushpull.encoders.tokens import Tokens
from pushpull.errors import InputError
from pushpull.files import atomic_path

# A SentenceEncoder or a WordEncoder: a module with `tokenizer` and `get_embedding_dimension()` whose forward pass
# takes a padded batch and adds features, `sentence_embedding` [B, d] among them.
Encoder = nn.Module
# What is made of the features of a batch -> [B, n]
Output = Callable[[dict[str, Tensor]], Tensor]
BATCH = {"cpu": 16, "cuda": 64}  # when nothing is trained; more than fits a CPU's cache is slower by a tenth


def tokenise(encoder: Encoder, texts: list[str], max_tokens: int, prompt: str = "text") -> Tokens:
    """Tokenise texts once, each behind the encoder's prompt of that name, cut at `max_tokens`.

    Args:
        max_tokens: of prompt and text together, special tokens included.
        prompt: "text" or "label"; an encoder that has no prompt of that name reads the bare texts.

    Raises:
        InputError: the encoder takes fewer tokens, or the prompt leaves no room for a text.
    """
    if max_tokens > (limit := encoder.tokenizer.model_max_length):
        raise InputError(
            f"max_tokens: {max_tokens} is more than the {limit} tokens that the encoder takes (max_length in its "
            f"entry of encoders:, or its own limit); set max_tokens to {limit} or less"
        )
    if before := getattr(encoder, "prompts", {}).get(prompt):
        _check_prompt(encoder, before, max_tokens)
        texts = [before + text for text in texts]
    rows = encoder.tokenizer(texts, truncation=True, max_length=max_tokens, return_attention_mask=False)["input_ids"]
    return Tokens.from_rows(rows, encoder.tokenizer.pad_token_id)


def _check_prompt(encoder: Encoder, prompt: str, max_tokens: int) -> None:
    length = len(encoder.tokenizer(prompt)["input_ids"])
    if length >= max_tokens:
        raise InputError(
            f"the prompt {prompt!r} has {length} tokens, which leaves none of max_tokens {max_tokens} for a text; set "
            f"max_tokens to more than {length}, or shorten the prompt (prompts of the entry under encoders:)"
        )


def forward(encoder: Encoder, batch: dict[str, Tensor]) -> Tensor:
    """Text vectors [B, d] of a padded batch, before any projection, not normalised."""
    return encoder(dict(batch))["sentence_embedding"]


def text_vectors(features: dict[str, Tensor]) -> Tensor:
    """The text vectors [B, d] among what an encoder makes of a batch."""
    return features["sentence_embedding"]


def embed(encoder: Encoder, tokens: Tokens, device: str, batch_size: int | None = None, title: str = "") -> np.ndarray:
    """Text vectors of a whole corpus in eval mode, float32 [documents, d], in the order of the corpus.

    Args:
        batch_size: None: what is fast on the device.
    """
    vectors = np.empty((len(tokens.lengths), encoder.get_embedding_dimension()), np.float32)
    _fill([(text_vectors, vectors)], encoder, tokens, device, batch_size or BATCH[device], title)
    return vectors


@torch.no_grad()
def _fill(
    wanted: Sequence[tuple[Output, np.ndarray]],
    encoder: Encoder,
    tokens: Tokens,
    device: str,
    batch_size: int,
    title: str,
) -> None:
    """Fill arrays [documents, n] with what functions make of an encoder's features, batch by batch.

    Documents are sorted by length, so that hardly a token is padding.
    """
    encoder.to(device).eval()
    order = np.argsort(-tokens.lengths, kind="stable")
    for start in tqdm(range(0, len(order), batch_size), desc=title or "embed", unit="batch", mininterval=5):
        rows = order[start : start + batch_size]
        with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
            features = encoder(tokens.batch(rows, device))
            blocks = [output(features) for output, _ in wanted]
        for (_, array), block in zip(wanted, blocks, strict=True):
            array[rows] = block.float().cpu().numpy()


def embed_blocks(
    encoder: Encoder,
    blocks: Iterable[list[str]],
    documents: int,
    max_tokens: int,
    outputs: dict[Path, tuple[int, Output]],
    title: str,
    prompt: str = "text",
) -> None:
    """Write what functions make of an encoder's features of a corpus, given in blocks of texts, as float32 .npy.

    Only a block's tokens are in memory, and the files are mapped: a test split of 781,000 documents needs no more.

    Args:
        outputs: {path: (n, features -> [B, n])}; a file holds [documents, n].
        prompt: see `tokenise`.
    """
    with ExitStack() as files:
        mapped = []
        for path, (width, output) in outputs.items():
            temporary = files.enter_context(atomic_path(path))
            shape = (documents, width)
            mapped.append((output, np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)))
            _reserve(temporary)
        begin, device = 0, pick_device()
        for texts in blocks:
            part = [(output, array[begin : begin + len(texts)]) for output, array in mapped]
            _fill(part, encoder, tokenise(encoder, texts, max_tokens, prompt), device, BATCH[device], title)
            begin += len(texts)
        for _, array in mapped:
            array.flush()


def _reserve(path: Path) -> None:
    """Take a mapped file's space now, while a full disk is an error; later it is a signal that ends the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def save_encoder(encoder: Encoder, folder: Path, max_tokens: int | None = None) -> None:
    """Write the encoder as safetensors with its configuration; `SentenceTransformer(folder)` opens one of sentences.

    Args:
        max_tokens: where `SentenceTransformer(folder).encode` cuts texts, as the run did; None: at the encoder's limit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder, max_tokens)


def open_encoder(folder: Path, remote_code: bool = False) -> Encoder:
    """Load what `save_encoder` wrote.

    Args:
        remote_code: what the card says: whether Python code that came with the encoder may be run.

    Raises:
        InputError: the folder holds code that is not allowed.
    """
    if (settings := folder / registry.SETTINGS).is_file():
        return registry.load(json.loads(settings.read_text(encoding="utf-8"))["architecture"]).load(folder)
    from pushpull.encoders.sentence import open_sentence_encoder  # seconds of imports

    return open_sentence_encoder(folder, remote_code)


def pick_device() -> str:
    """`cuda` where there is a GPU, else `cpu`, which is said once."""
    if torch.cuda.is_available():
        return "cuda"
    _say_once("no GPU is found here: computing on the CPU")
    return "cpu"


@cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr)


def use_bfloat16(device: str) -> bool:
    """Whether to run the encoder in bfloat16: on GPUs that have it themselves; elsewhere float32 is faster."""
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
