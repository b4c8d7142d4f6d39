"""What every encoder can do: tokenise once, run on trimmed batches, be saved as a folder and opened again."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from pushpull.encoders import registry
from pushpull.encoders.tokens import Tokens
from pushpull.files import atomic_path

# A SentenceTransformer or a WordEncoder: a module with `tokenizer` and `get_embedding_dimension()` whose forward pass
# takes a padded batch and adds features, `sentence_embedding` [B, d] among them.
Encoder = nn.Module
# What is made of the features of a batch -> [B, n]
Output = Callable[[dict[str, Tensor]], Tensor]


def tokenise(encoder: Encoder, texts: list[str], max_tokens: int) -> Tokens:
    """Tokenise texts once, cut at `max_tokens` (special tokens included)."""
    rows = encoder.tokenizer(texts, truncation=True, max_length=max_tokens, return_attention_mask=False)["input_ids"]
    return Tokens.from_rows(rows, encoder.tokenizer.pad_token_id)


def forward(encoder: Encoder, batch: dict[str, Tensor]) -> Tensor:
    """Text vectors [B, d] of a padded batch, before any projection, not normalised."""
    return encoder(dict(batch))["sentence_embedding"]


def text_vectors(features: dict[str, Tensor]) -> Tensor:
    """The text vectors [B, d] among what an encoder makes of a batch."""
    return features["sentence_embedding"]


def embed(encoder: Encoder, tokens: Tokens, device: str, batch_size: int = 64, title: str = "") -> np.ndarray:
    """Text vectors of a whole corpus in eval mode, float32 [documents, d], in the order of the corpus."""
    vectors = np.empty((len(tokens.lengths), encoder.get_embedding_dimension()), np.float32)
    _fill([(text_vectors, vectors)], encoder, tokens, device, batch_size, title)
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
) -> None:
    """Write what functions make of an encoder's features of a corpus, given in blocks of texts, as float32 .npy.

    Only a block's tokens are in memory, and the files are mapped: a test split of 781,000 documents needs no more.

    Args:
        outputs: {path: (n, features -> [B, n])}; a file holds [documents, n].
    """
    with ExitStack() as files:
        mapped = []
        for path, (width, output) in outputs.items():
            temporary = files.enter_context(atomic_path(path))
            shape = (documents, width)
            mapped.append((output, np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)))
        begin = 0
        for texts in blocks:
            part = [(output, array[begin : begin + len(texts)]) for output, array in mapped]
            _fill(part, encoder, tokenise(encoder, texts, max_tokens), pick_device(), 64, title)
            begin += len(texts)
        for _, array in mapped:
            array.flush()


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write the encoder as safetensors with its configuration; `SentenceTransformer(folder)` opens one of sentences."""
    encoder.save(str(folder), create_model_card=False, safe_serialization=True)


def open_encoder(folder: Path) -> Encoder:
    """Load what `save_encoder` wrote."""
    if (settings := folder / registry.SETTINGS).is_file():
        return registry.load(json.loads(settings.read_text(encoding="utf-8"))["architecture"]).load(folder)
    from pushpull.encoders.sentence import open_sentence_encoder  # seconds of imports

    return open_sentence_encoder(folder)


def pick_device() -> str:
    """`cuda` where there is a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def use_bfloat16(device: str) -> bool:
    """Whether to run the encoder in bfloat16: on GPUs that have it; CPUs stay in float32, which is faster there."""
    return device == "cuda" and torch.cuda.is_bf16_supported()
