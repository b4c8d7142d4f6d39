"""Encoders of the hub: fetched where there is a network, each file checked, for jobs that ask nobody.

A revision names every file of a repository by its hash. They stay in the hub's cache; weights that are published
pickled are kept as safetensors beside the results.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import GatedRepoError, HTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import filter_repo_objects

from pushpull.errors import InputError
from pushpull.files import atomic_path, sha256, write_json

KEPT = Path("results/encoders")
PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]
OTHERS = ["onnx/*", "openvino/*", "coreml/*"]  # the same weights for other libraries
WEIGHTS, INDEX, PICKLED = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
MEGABYTES = {  # of weights, about, for people who have to bring them; the hub itself tells each file's bytes
    "FacebookAI/roberta-base": 500,
    "google-bert/bert-base-uncased": 440,
    "albert/albert-base-v2": 50,
    "nlpaueb/legal-bert-base-uncased": 440,
    "BAAI/bge-base-en-v1.5": 440,
    "BAAI/bge-large-en-v1.5": 1340,
    "avsolatorio/GIST-large-Embedding-v0": 1340,
    "NovaSearch/stella_en_400M_v5": 1740,
    "NovaSearch/stella_en_1.5B_v5": 6200,
    "MoritzLaurer/deberta-v3-base-zeroshot-v2.0": 370,
}
TIMEOUT = 20  # seconds


class AbsentError(InputError):
    """Files that are neither in the hub's cache nor in reach."""


def fetch(card: dict, record: Path) -> None:
    """Leave the files of an encoder in the hub's cache, each as its revision has it, and write their hashes down.

    What is there is not fetched again; a file of the cache that is damaged is, where the hub can be reached.

    Args:
        card: an entry of `encoders:` with `hub` and `revision`; with `pickled: true` its weights are converted.
        record: JSON file to write: bytes and SHA-256 of each file.

    Raises:
        AbsentError: files are not in the cache, and the hub cannot be reached.
        InputError: the hub has no such repository or revision, a file is damaged, or there are no weights that may be
            loaded.
    """
    listed, unreached = _listing(card)
    folder = snapshot(card)
    cached = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    names = _wanted(card, cached if unreached else listed)
    _refuse_pickled(card, cached if unreached else listed)
    if unreached:
        if lacking := _lacking(card, folder, names):
            raise _absent(card, unreached, lacking)
        for name in names:
            _refuse_damaged(card, folder / name, _digest_of_blob(folder / name), f"the hub: {unreached}")
    else:
        _download(card, {name: listed[name] for name in names})
    facts = {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names}
    converted = {"converted": _convert(card, folder, names)} if card.get("pickled") else {}
    write_json(record, {"hub": card["hub"], "revision": card["revision"], "files": facts} | converted)


def snapshot(card: dict) -> Path:
    """The folder of the hub's cache in which the files of a card's revision are, if they are there."""
    return Path(constants.HF_HUB_CACHE, f"models--{card['hub'].replace('/', '--')}", "snapshots", card["revision"])


def converted_folder(card: dict) -> Path:
    """The folder of an encoder whose pickled weights are kept as safetensors.

    Raises:
        InputError: they have not been converted yet.
    """
    folder = _converted(card)
    if not (folder / WEIGHTS).is_file():
        raise InputError(
            f"encoder {card['hub']}: its pickled weights have not been converted ({folder / WEIGHTS} is not there); "
            "run the workflow with --forcerun fetch_encoder"
        )
    return folder


def _converted(card: dict) -> Path:
    return KEPT / f"{card['hub'].replace('/', '--')}-{card['revision'][:12]}"


def _listing(card: dict) -> tuple[dict[str, str], str]:
    """The files of a revision, {name: SHA-256 or, of a small one, hash of git}; or why the hub cannot be reached."""
    hub, revision = card["hub"], card["revision"]
    try:
        info = HfApi().model_info(hub, revision=revision, files_metadata=True, timeout=TIMEOUT)
    except GatedRepoError as error:
        raise InputError(
            f"encoder {hub}: {_first_line(error)}\nAsk for access on its page, and log in with `hf auth login`."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise InputError(
            f"encoder {hub} at revision {revision}: the hub has no such repository or revision ({_first_line(error)}); "
            "correct hub and revision of its entry under encoders:"
        ) from error
    except (HTTPError, OSError) as error:
        return {}, _first_line(error)
    return {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id for file in info.siblings}, ""


def _patterns(card: dict) -> list[str]:
    return [*PATTERNS, *(["*.py"] if card.get("remote_code") else []), *([PICKLED] if card.get("pickled") else [])]


def _wanted(card: dict, names: Iterable[str]) -> list[str]:
    return sorted(filter_repo_objects(names, allow_patterns=_patterns(card), ignore_patterns=OTHERS))


def _refuse_pickled(card: dict, names: Iterable[str]) -> None:
    if PICKLED in names and not card.get("pickled") and not {WEIGHTS, INDEX} & {*names}:
        raise InputError(
            f"encoder {card['hub']} has only pickled weights ({PICKLED}), which can run code when they are loaded; "
            "with pickled: true in its entry under encoders: they are read without running any, and kept as safetensors"
        )


def _download(card: dict, digests: dict[str, str]) -> None:
    """Have files in the cache with these hashes."""
    if not {WEIGHTS, INDEX, PICKLED} & {*digests}:
        raise InputError(f"encoder {card['hub']} at revision {card['revision']} has no {WEIGHTS}; take another encoder")
    for name, digest in digests.items():
        asked = {"repo_id": card["hub"], "filename": name, "revision": card["revision"]}
        try:
            path = Path(hf_hub_download(**asked))
            if _digest(path, digest) != digest:
                print(f"{name}: damaged in the cache, fetched again")
                path = Path(hf_hub_download(**asked, force_download=True))
        except (HTTPError, OSError) as error:
            raise _absent(card, _first_line(error), [name]) from error
        _refuse_damaged(card, path, digest, "it came so from the hub")


def _refuse_damaged(card: dict, path: Path, expected: str, why: str) -> None:
    if expected and (found := _digest(path, expected)) != expected:
        raise InputError(
            f"encoder {card['hub']}: {path} is damaged ({path.stat().st_size:,} bytes)\n  expected {expected}\n"
            f"  found    {found}\nNot fetched again ({why}). {_ways_out(card)}"
        )


def _digest_of_blob(path: Path) -> str:
    """The hash that a file of the cache is named by; "" where links have been copied as files."""
    name = path.resolve().name
    return name if path.is_symlink() and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", name) else ""


def _digest(path: Path, like: str) -> str:
    """SHA-256 of a file, or its hash of git where `like` is one."""
    if len(like) == 64:
        return sha256(path)
    return hashlib.sha1(b"blob %d\0" % path.stat().st_size + path.read_bytes(), usedforsecurity=False).hexdigest()


def _lacking(card: dict, folder: Path, names: list[str]) -> list[str]:
    """What an encoder cannot do without and the cache does not have: configuration, weights, a tokeniser."""
    weights = [PICKLED if card.get("pickled") else WEIGHTS]
    if INDEX in names:
        weights = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()
    modules = ["modules.json"] if card.get("pooling") == "published" else []
    lacking = {"config.json", *weights, *modules} - set(names)
    tokenisers = {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json"}
    return sorted(lacking) + ([] if tokenisers & set(names) else ["tokenizer.json and its like"])


def _convert(card: dict, folder: Path, names: list[str]) -> dict[str, str]:
    """Keep pickled weights as safetensors, beside the encoder's other files; return both files' SHA-256."""
    import torch
    from safetensors.torch import save_file

    try:
        tensors = torch.load(folder / PICKLED, map_location="cpu", weights_only=True)
        tensors = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    except Exception as error:  # what a file that is no pickled state raises, has many names
        raise InputError(
            f"encoder {card['hub']}: {PICKLED} holds something else than tensors, or is damaged; it is not loaded "
            f"({_first_line(error)}). Take another encoder, or bring one with safetensors."
        ) from error
    target = _converted(card)
    for name in names:
        if name != PICKLED:
            with atomic_path(target / name) as temporary:
                shutil.copyfile(folder / name, temporary)
    with atomic_path(target / WEIGHTS) as temporary:  # last: with it the folder is whole
        save_file(tensors, temporary, metadata={"format": "pt"})
    return {"from": sha256(folder / PICKLED), "sha256": sha256(target / WEIGHTS)}


def _absent(card: dict, unreached: str, lacking: list[str]) -> AbsentError:
    size = f"about {MEGABYTES[card['hub']]:,} MB" if card["hub"] in MEGABYTES else "of a size that only the hub knows"
    return AbsentError(
        f"encoder {card['hub']} at revision {card['revision']}, {size}: the hub's cache, {constants.HF_HUB_CACHE}, "
        f"lacks {', '.join(lacking)}, and the hub cannot be reached ({unreached}). {_ways_out(card)}"
    )


def _ways_out(card: dict) -> str:
    patterns = " ".join(f"--include '{pattern}'" for pattern in _patterns(card))
    return (
        "Run the same command again where there is a network; or run there\n"
        f"  hf download {card['hub']} --revision {card['revision']} {patterns}\n"
        "copy the hub's cache here (cp -a), and set HF_HOME to it"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
