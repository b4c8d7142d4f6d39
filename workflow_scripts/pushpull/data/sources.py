"""Published files: what they are, and getting them onto this machine, each checked by its SHA-256.

The network and archive code is imported where it is used: planning imports this module for its facts.
"""

from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

import yaml

from pushpull.errors import InputError, unknown
from pushpull.files import atomic_path, sha256, write_json

_SOURCES = Path(__file__).with_name("sources.yaml")


def load_sources(dataset: str) -> dict:
    """Return the facts of `sources.yaml` about a published dataset: `licence` and the list `sources`.

    Raises:
        InputError: no such dataset there.

    Example:
        >>> load_sources("semeval2018")["sources"][0]["mirror"]
        'semeval2018_task1_ec'
    """
    known = yaml.safe_load(_SOURCES.read_text(encoding="utf-8"))
    if dataset not in known:
        raise InputError(unknown("published dataset", dataset, known))
    return known[dataset]


def fetch(dataset: str, source: dict, folder: Path, mirror: Path | None) -> None:
    """Leave every file of `source` in `folder`, then write `folder/manifest.json`.

    A file that is already there with the right checksum is kept, without a request. A file with a wrong
    checksum is moved aside to `<name>.rejected` and never used; the mirror's own files are left alone.

    Args:
        dataset: name for messages and the manifest.
        source: what `load_sources` returns.
        folder: `results/data/{dataset}/raw`.
        mirror: folder of downloaded files to take instead of the network; None for the network.

    Raises:
        InputError: a source without a checksum, a file missing in the mirror, no network, a wrong checksum or
            size, an unsafe archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for item in source["sources"]:
        wanted = _wanted(item)
        origin = "was in place"
        if not all(_is_right(folder / _file_name(path), facts) for path, facts in wanted.items()):
            origin = _from_mirror(dataset, item, folder, mirror) if mirror else _from_network(item, folder)
        files += [
            {"file": _file_name(path), **facts, "url": item["url"], "from": origin} for path, facts in wanted.items()
        ]
    write_json(folder / "manifest.json", {"dataset": dataset, "files": files})


def _wanted(item: dict) -> dict[str, dict]:
    """Path (in the archive, or the file's own name) -> its bytes and sha256."""
    wanted = item.get("members") or {_file_name(item["url"]): item}
    for path, facts in wanted.items():
        if not facts.get("sha256") or not facts.get("bytes"):
            raise InputError(f"{item['url']}: no sha256 and bytes for {path}; nothing is fetched without them")
    return {path: {"bytes": facts["bytes"], "sha256": facts["sha256"]} for path, facts in wanted.items()}


def _file_name(path: str) -> str:
    return PurePosixPath(urlsplit(path).path).name


def _is_right(path: Path, facts: dict) -> bool:
    return path.is_file() and path.stat().st_size == facts["bytes"] and sha256(path) == facts["sha256"]


def _from_network(item: dict, folder: Path) -> str:
    from pushpull.data import transfer

    url = item["url"]
    target = folder / _file_name(url)
    with atomic_path(target) as temporary:
        digest = transfer.download(url, temporary, item.get("bytes"))
        if "members" not in item:
            _check(temporary, target, item["sha256"], digest, url)
    if "members" in item:
        try:
            _unpack(target, item, folder)
        except InputError:
            target.replace(_aside(target))
            raise
        target.unlink()
    return url


def _from_mirror(dataset: str, item: dict, folder: Path, mirror: Path) -> str:
    file = _file_name(item["url"])
    shelf = mirror / item["mirror"]
    members = [shelf / _file_name(path) for path in item.get("members", {})]
    if (shelf / file).is_file():
        if "members" in item:
            _unpack(shelf / file, item, folder)
        else:
            _copy(shelf / file, folder / file, item)
        return f"mirror: {item['mirror']}/{file}"
    if members and all(path.is_file() for path in members):
        for path, facts in zip(members, item["members"].values(), strict=True):
            _copy(path, folder / path.name, facts)
        return f"mirror: {item['mirror']}"
    size = f"{item['bytes']:,} bytes" if "bytes" in item else "size unknown"
    inside = f", or the {len(members)} files it holds ({members[0].name} ...) beside it" if members else ""
    raise InputError(
        f"{dataset}: {shelf / file} is not there. Fetch {item['url']} ({size}) and put it exactly there"
        f"{inside}; or leave out `mirror:` in config.yaml and PUSHPULL_MIRROR to download it."
    )


def _copy(path: Path, target: Path, facts: dict) -> None:
    from pushpull.data import transfer

    with path.open("rb") as stream, atomic_path(target) as temporary:
        digest = transfer.copy(stream, temporary, str(path), facts["bytes"])
        _check(temporary, target, facts["sha256"], digest, str(path))


def _unpack(archive: Path, item: dict, folder: Path) -> None:
    from pushpull.data import archives, transfer

    def save(path: str, stream: BinaryIO) -> None:
        target, facts = folder / _file_name(path), item["members"][path]
        with atomic_path(target) as temporary:
            digest = transfer.copy(stream, temporary, path, facts["bytes"])
            _check(temporary, target, facts["sha256"], digest, f"{archive}: {path}")

    archives.unpack(archive, item["members"], save)


def _check(temporary: Path, target: Path, expected: str, digest: str, origin: str) -> None:
    if digest != expected:
        temporary.replace(_aside(target))
        raise InputError(
            f"{origin}: wrong checksum.\n  expected sha256 {expected}\n  got sha256      {digest}\n"
            f"The file is kept as {_aside(target)} and not used. Run the same command again; if it stays "
            "wrong, the publisher or your mirror has another version of the file."
        )


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".rejected")
