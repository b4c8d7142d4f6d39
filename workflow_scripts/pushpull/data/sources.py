"""Getting published files onto this machine, each checked by its SHA-256.

Where nobody here knows a file's checksum, the first fetch writes it down and every later one is held to it.
"""

import gzip
import json
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from pushpull.data import archives, transfer
from pushpull.errors import InputError
from pushpull.files import atomic_path, sha256, write_json

_WEB_PAGE = (b"<!doctype html", b"<html")


class _File(NamedTuple):
    """A wanted file: path in the archive or its own name, where it goes, its key in the record, what is known."""

    path: str
    target: Path
    key: str
    size: int | None
    sha256: str | None
    advice: str


def may_download(url: str, checksum: str | None) -> bool:
    """Whether a file may come from the network: over https, or where its checksum is known also over http.

    Example:
        >>> may_download("http://a.test/x", None), may_download("https://a.test/x", None)
        (False, True)
    """
    return urlsplit(url).scheme == "https" or bool(checksum)


def fetch(dataset: str, source: dict, folder: Path, mirror: Path | None, record: Path) -> None:
    """Leave every file of `source` in `folder`, then write `folder/manifest.json`.

    A file that is already there with the right checksum is kept, without a request; of one that broke off, the missing
    bytes are fetched. A file with a wrong checksum is moved aside to `<name>.rejected` and never used; the mirror's own
    files are left alone. A file may have a stand-in, which is taken from a mirror that does not hold the file itself;
    its note is kept in the manifest. A file without a checksum in `source` gets one in `record` when it is fetched
    first, and a printed line says so; from then on the recorded one counts.

    Args:
        dataset: name for messages and the manifest.
        source: what `facts.published` returns.
        folder: `results/data/{dataset}/raw`.
        mirror: folder of downloaded files to take instead of the network; None for the network.
        record: JSON file of recorded checksums, kept when results are deleted; need not exist yet.

    Raises:
        InputError: an http address without any checksum, a file missing in the mirror, no network, a wrong
            checksum or size, a web page in place of a file, an unsafe archive, an unreadable record.
    """
    if mirror and not mirror.is_dir():
        raise InputError(
            f"mirror {mirror} is not a folder; let PUSHPULL_MIRROR, or `mirror:` in config.yaml, name the one with the "
            "files, or neither, to fetch them from the network"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if mirror is None:
        _refuse_unsafe(dataset, source, folder, record)
    files = []
    for item in source["sources"]:
        item = _as_held(item, mirror) if mirror else item
        wanted = _wanted(item, folder, record)
        origin = "was in place"
        if not all(_is_right(file) for file in wanted):
            origin = _from_mirror(dataset, item, wanted, mirror) if mirror else _from_network(item, wanted)
            _record(record, [file for file in wanted if not file.sha256], origin)
        files += [
            {
                "file": file.target.name,
                "bytes": file.target.stat().st_size,
                "sha256": sha256(file.target),
                "url": item["url"],
                "from": origin,
            }
            | ({"note": item["note"]} if "note" in item else {})
            for file in wanted
        ]
    write_json(folder / "manifest.json", {"dataset": dataset, "files": files})


def _wanted(item: dict, folder: Path, record: Path) -> list[_File]:
    """The files of a source; the checksum is the known one, else the recorded one, else None."""
    recorded = _recorded(record)
    wanted = []
    for path, facts in (item.get("members") or {_name(item): item}).items():
        key = f"{item['url']}#{path}" if "members" in item else item["url"]
        advice = "Run the same command again; if it stays wrong, the publisher or your mirror has another version."
        if not facts.get("sha256"):
            advice = (
                f"The expected checksum was recorded in {record} when the file was fetched first. If the publisher "
                f"has really changed the file, delete the entry {key!r} there and run the same command again."
            )
        checksum = facts.get("sha256") or recorded.get(key, {"sha256": None})["sha256"]
        wanted.append(_File(path, folder / PurePosixPath(path).name, key, facts.get("bytes"), checksum, advice))
    return wanted


def _name(item: dict) -> str:
    return item.get("file") or PurePosixPath(urlsplit(item["url"]).path).name


def _is_right(file: _File) -> bool:
    return file.target.is_file() and sha256(file.target) == file.sha256


def _refuse_unsafe(dataset: str, source: dict, folder: Path, record: Path) -> None:
    """Before anything is requested: over http anyone on the way could have put another file in place."""
    items = source["sources"]
    wanted = [(item["url"], file.sha256) for item in items for file in _wanted(item, folder, record)]
    if not all(may_download(url, checksum) for url, checksum in wanted):
        listed = "\n".join(f"  {item['url']}  ->  {item['mirror']}/{_name(item)}" for item in items)
        raise InputError(
            f"{dataset}: files whose checksum is not known are not fetched over http. Download these yourself into a "
            f"folder of your choice, under these names:\n{listed}\nThen name the folder: `mirror:` in config.yaml or "
            f"the environment variable PUSHPULL_MIRROR. Their checksums are recorded in {record}."
        )


def _from_network(item: dict, wanted: list[_File]) -> str:
    url = item["url"]
    target = wanted[0].target.with_name(_name(item))
    partial = target.with_name(f"{target.name}.partial")  # stays when a download breaks off, for the next run
    digest = transfer.download(url, partial, item.get("bytes"))
    if "members" not in item:
        _check(partial, wanted[0], digest, url)
    with atomic_path(target) as temporary:
        partial.replace(temporary)
    if "members" in item:
        try:
            _unpack(target, wanted)
        except InputError:
            target.replace(_aside(target))
            raise
        target.unlink()
    return url


def _as_held(item: dict, mirror: Path) -> dict:
    """The source with the facts of its stand-in, where the mirror holds that one only."""
    stand_in = item | item.get("stand_in", {})
    own, other = (_offered(mirror / source["mirror"], _name(source)) for source in (item, stand_in))
    same_place = own == other and own.is_file() and sha256(own) == stand_in.get("sha256")
    return stand_in if same_place or (other.is_file() and not own.is_file()) else item


def _offered(shelf: Path, name: str) -> Path:
    """The file in the mirror, or the same gzipped; the former where neither is there."""
    packed = shelf / f"{name}.gz"
    return packed if packed.is_file() and not (shelf / name).is_file() else shelf / name


def _from_mirror(dataset: str, item: dict, wanted: list[_File], mirror: Path) -> str:
    shelf = mirror / item["mirror"]
    offered = _offered(shelf, _name(item))
    members = [shelf / file.target.name for file in wanted] if "members" in item else []
    if offered.is_file():
        if members:
            _unpack(offered, wanted)
        else:
            _copy(offered, wanted[0])
        return f"mirror: {item['mirror']}/{offered.name}"
    if members and all(path.is_file() for path in members):
        for path, file in zip(members, wanted, strict=True):
            _copy(path, file)
        return f"mirror: {item['mirror']}"
    size = f"{item['bytes']:,} bytes" if "bytes" in item else "size unknown"
    inside = f", or the {len(members)} files it holds ({members[0].name} ...) beside it" if members else ""
    allowed = all(may_download(item["url"], file.sha256) for file in wanted)
    other = "; or leave out `mirror:` in config.yaml and PUSHPULL_MIRROR to download it" if allowed else ""
    raise InputError(
        f"{dataset}: {offered} is not there. Fetch {item['url']} ({size}) and put it exactly there{inside}{other}."
    )


def _copy(path: Path, file: _File) -> None:
    opener = gzip.open if path.name == f"{file.target.name}.gz" else open
    try:
        with opener(path, "rb") as stream, atomic_path(file.target) as temporary:
            digest = transfer.copy(stream, temporary, str(path), file.size)
            _check(temporary, file, digest, str(path))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: not a gzip file that can be read ({error}); fetch it again") from None


def _unpack(archive: Path, wanted: list[_File]) -> None:
    files = {file.path: file for file in wanted}

    def save(path: str, stream: BinaryIO) -> None:
        with atomic_path(files[path].target) as temporary:
            digest = transfer.copy(stream, temporary, path, files[path].size)
            _check(temporary, files[path], digest, f"{archive}: {path}")

    archives.unpack(archive, {path: file.size for path, file in files.items()}, save)


def _check(came: Path, file: _File, digest: str, origin: str) -> None:
    if file.sha256 and digest != file.sha256:
        came.replace(_aside(file.target))
        raise InputError(
            f"{origin}: wrong checksum.\n  expected sha256 {file.sha256}\n  got sha256      {digest}\n"
            f"The file is kept as {_aside(file.target)} and not used. {file.advice}"
        )


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".rejected")


def _recorded(record: Path) -> dict[str, dict]:
    try:
        known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    except ValueError as error:
        raise InputError(f"{record}: not JSON ({error}); mend it, or delete it to record anew") from None
    if not isinstance(known, dict) or not all(
        isinstance(facts, dict) and "sha256" in facts for facts in known.values()
    ):
        raise InputError(f"{record}: expected an object with a sha256 each; mend it, or delete it to record anew")
    return known


def _record(record: Path, files: list[_File], origin: str) -> None:
    """Write down the checksums of files that had none; only once all files of a source have come whole."""
    for file in files:
        with file.target.open("rb") as stream:
            if stream.read(512).lstrip().lower().startswith(_WEB_PAGE):
                file.target.replace(_aside(file.target))
                raise InputError(
                    f"{origin}: a web page came in place of the file, perhaps a login or an error; it is kept as "
                    f"{_aside(file.target)}. Open {file.key} in a browser, and put the file into a folder that "
                    "`mirror:` in config.yaml or PUSHPULL_MIRROR names."
                )
    for file in files:
        facts = {"bytes": file.target.stat().st_size, "sha256": sha256(file.target), "from": origin}
        # Read again: another dataset with the same files may have been first.
        known = _recorded(record)
        entry = known.setdefault(file.key, facts)
        _check(file.target, file._replace(sha256=entry["sha256"]), facts["sha256"], origin)
        write_json(record, known)
        print(
            f"{file.key}: checksum recorded, NOT verified: sha256 {facts['sha256']}. Nobody vouched for this file; "
            f"later fetches must agree with {record}: keep it, or commit it."
        )
