"""Streaming from the network or a file to disk, hashing on the way."""

import hashlib
import sys
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tqdm import tqdm

from pushpull.data.archives import LIMIT
from pushpull.errors import InputError

TIMEOUT = 60
"""Seconds without a byte after which a server counts as gone."""

_CHUNK = 1 << 20
_WAYS_OUT = (
    "Run the same command again where there is a network, or name a folder with the files downloaded "
    "elsewhere: `mirror:` in config.yaml or the environment variable PUSHPULL_MIRROR."
)


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but never from https to anything weaker."""

    def redirect_request(self, request, stream, code, message, headers, url):
        allowed = ("https",) if request.type == "https" else ("https", "http")
        if urlsplit(url).scheme not in allowed:
            raise InputError(f"{request.full_url}: redirects to {url}, which is less safe; refused")
        return super().redirect_request(request, stream, code, message, headers, url)


def download(url: str, path: Path, size: int | None) -> str:
    """Stream `url` (http or https) to `path` and return the SHA-256 of the whole.

    Where an earlier download broke off, and the server had named that version of the file (ETag or Last-Modified, kept
    in `path`.tag), only the missing bytes are asked for. Another version, or a server without ranges, is taken anew.

    Args:
        size: declared bytes; None where unknown, then at most `LIMIT` bytes are taken.

    Raises:
        InputError: another scheme, an unsafe redirect, no network, an error status, a server that sends fewer
            bytes than it announced or more than `size`.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise InputError(f"{url}: only https and http addresses are fetched")
    tag, broken = path.with_name(f"{path.name}.tag"), []
    response, begun = _answer(url, path, tag)
    with response:
        announced = _announced(response)
        try:
            chunks = _chunks(response, broken)
            digest, received = save(chunks, path, url, announced or size, size or LIMIT, begun)
        except InputError:
            path.unlink()
            raise
    if broken or (announced and received < announced):
        kept = "; the next run goes on there" if tag.is_file() else ""
        if not kept:
            path.unlink()
        because = f" ({broken[0]})" if broken else ""
        of = f" of {announced:,}" if announced else ""
        raise InputError(f"{url} broke off after {received:,}{of} bytes{because}{kept}. {_WAYS_OUT}")
    tag.unlink(missing_ok=True)
    if not received or (announced and received > announced):
        path.unlink()
        raise InputError(f"{url}: {received:,} bytes came, {announced or 'some'} were announced; refused. {_WAYS_OUT}")
    return digest


def _answer(url: str, path: Path, tag: Path) -> tuple[HTTPResponse, int]:
    """The server's answer, and how many bytes of `path` it goes on from; writes `tag` for an answer with all bytes."""
    begun = path.stat().st_size if path.is_file() and tag.is_file() else 0
    response = None
    if begun:
        version = tag.read_text(encoding="latin-1")
        response = _ask(url, {"Range": f"bytes={begun}-", "If-Range": version}, begun)
        if response and response.status == 206:
            same = _version(response) in ("", version)
            if same and response.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
                print(f"{url}: going on after {begun:,} bytes")
                return response, begun
            response.close()
            response = None
    response = response or _ask(url, {})
    if response.status != 200:
        raise InputError(f"{url} answered {response.status} {response.reason}, not with the file. {_WAYS_OUT}")
    tag.unlink(missing_ok=True)
    path.unlink(missing_ok=True)  # before there is a tag again: these bytes may be of another version
    if version := _version(response):
        tag.write_text(version, encoding="latin-1")
    return response, 0


def _ask(url: str, headers: dict[str, str], begun: int = 0) -> HTTPResponse | None:
    """The answer to a request; None where no bytes are after those that are `begun`."""
    request = Request(url, headers={"User-Agent": "pushpull", **headers})
    try:
        return build_opener(_Redirects).open(request, timeout=TIMEOUT)
    except HTTPError as error:
        if begun and error.code == 416:
            return None
        raise InputError(f"{url} answered {error.code} {error.reason}. {_WAYS_OUT}") from None
    except (URLError, HTTPException, OSError) as error:
        raise InputError(f"{url} cannot be reached ({getattr(error, 'reason', error)}). {_WAYS_OUT}") from None


def _version(response: HTTPResponse) -> str:
    """What `If-Range` may name: a strong ETag, or else the time of the last change; empty where there is neither."""
    name = response.headers.get("ETag", "")
    return name if name.startswith('"') else response.headers.get("Last-Modified", "")


def _announced(response: HTTPResponse) -> int | None:
    """Bytes that the whole file has, as the server says; None where it does not."""
    part = response.status == 206
    length = (
        response.headers.get("Content-Range", "").rpartition("/")[2] if part else response.headers["Content-Length"]
    )
    return int(length) if length and length.isdecimal() else None


def copy(stream: BinaryIO, path: Path, origin: str, size: int | None) -> str:
    """Write a stream of `size` bytes (None: unknown, then at most `LIMIT`) to `path` and return its SHA-256.

    Raises:
        InputError: the stream is longer.
    """
    return save(iter(lambda: stream.read(_CHUNK), b""), path, origin, size, size or LIMIT)[0]


def save(
    chunks: Iterator[bytes], path: Path, origin: str, total: int | None, limit: int, begun: int = 0
) -> tuple[str, int]:
    """Write chunks to `path`, after a second behind a progress bar on stderr; return (SHA-256, bytes) of the whole.

    Args:
        begun: bytes that are in `path` already; the chunks go after them.

    Raises:
        InputError: more than `limit` bytes came.
    """
    digest = hashlib.sha256()
    name = origin.rpartition("/")[2]
    bar = tqdm(
        desc=name, total=total, initial=begun, unit="B", unit_scale=True, mininterval=1, delay=1, file=sys.stderr
    )
    with path.open("r+b" if begun else "w+b") as target, bar:
        while kept := target.read(_CHUNK):
            digest.update(kept)
        for chunk in chunks:
            digest.update(chunk)
            target.write(chunk)
            bar.update(len(chunk))
            if target.tell() > limit:
                raise InputError(f"{origin}: more than the {limit:,} bytes expected; refused")
        return digest.hexdigest(), target.tell()


def _chunks(response: BinaryIO, broken: list[str]) -> Iterator[bytes]:
    """What comes, as it comes; the reason why no more came goes into `broken`."""
    # Only reading is guarded: an OSError while writing is a full disk, not a lost connection.
    while True:
        try:
            chunk = response.read1(_CHUNK)  # not `read`, which loses what came before a time-out
        except (HTTPException, OSError) as error:
            broken.append(str(error) or type(error).__name__)
            return
        if not chunk:
            return
        yield chunk
