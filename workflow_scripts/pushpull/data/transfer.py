"""Streaming from the network or a file to disk, hashing on the way."""

import hashlib
import sys
from collections.abc import Iterator
from http.client import HTTPException
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
    """Stream `url` (http or https) to `path` and return the SHA-256 of what came.

    Args:
        size: declared bytes; None where unknown, then at most `LIMIT` bytes are taken.

    Raises:
        InputError: another scheme, an unsafe redirect, no network, an error status, a server that sends fewer
            bytes than it announced or more than `size`.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise InputError(f"{url}: only https and http addresses are fetched")
    try:
        response = build_opener(_Redirects).open(Request(url, headers={"User-Agent": "pushpull"}), timeout=TIMEOUT)
    except HTTPError as error:
        raise InputError(f"{url} answered {error.code} {error.reason}. {_WAYS_OUT}") from None
    except (URLError, HTTPException, OSError) as error:
        raise InputError(f"{url} cannot be reached ({getattr(error, 'reason', error)}). {_WAYS_OUT}") from None
    with response:
        announced = int(response.headers.get("Content-Length") or 0) or None
        digest, received = save(_chunks(response, url), path, url, announced or size, size or LIMIT)
    if announced and received < announced:
        raise InputError(f"{url} broke off after {received:,} of {announced:,} bytes. {_WAYS_OUT}")
    return digest


def copy(stream: BinaryIO, path: Path, origin: str, size: int | None) -> str:
    """Write a stream of `size` bytes (None: unknown, then at most `LIMIT`) to `path` and return its SHA-256.

    Raises:
        InputError: the stream is longer.
    """
    return save(iter(lambda: stream.read(_CHUNK), b""), path, origin, size, size or LIMIT)[0]


def save(chunks: Iterator[bytes], path: Path, origin: str, total: int | None, limit: int) -> tuple[str, int]:
    """Write chunks to `path`, after a second behind a progress bar on stderr; return (SHA-256, bytes).

    Raises:
        InputError: more than `limit` bytes came.
    """
    digest = hashlib.sha256()
    name = origin.rpartition("/")[2]
    bar = tqdm(desc=name, total=total, unit="B", unit_scale=True, mininterval=1, delay=1, file=sys.stderr)
    with path.open("wb") as target, bar:
        for chunk in chunks:
            digest.update(chunk)
            target.write(chunk)
            bar.update(len(chunk))
            if target.tell() > limit:
                raise InputError(f"{origin}: more than the {limit:,} bytes expected; refused")
        return digest.hexdigest(), target.tell()


def _chunks(response: BinaryIO, url: str) -> Iterator[bytes]:
    # Only reading is guarded: an OSError while writing is a full disk, not a lost connection.
    while True:
        try:
            chunk = response.read(_CHUNK)
        except (HTTPException, OSError) as error:
            raise InputError(f"{url} broke off ({error}). {_WAYS_OUT}") from None
        if not chunk:
            return
        yield chunk
