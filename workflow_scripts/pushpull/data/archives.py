"""Unpacking unchecked archives: only named plain files, never to a path of the archive's choice."""

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pushpull.errors import InputError

LIMIT = 2 * 1024**3
"""Bytes that an archive, or what is packed in it, may have at most."""

LARGEST = 10_000_000
"""Bytes that a document's file may have."""

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    NotImplementedError,  # zip: a compression that this Python lacks
    RuntimeError,  # zip: encrypted
)

Entry = tuple[str, int, bool, Callable[[], BinaryIO]]
"""Path in the archive, bytes, whether it is a plain file, how to open it."""


def unpack(archive: Path, wanted: dict[str, int | None], save: Callable[[str, BinaryIO], None]) -> None:
    """Call `save(path in the archive, open stream)` for each wanted member; `save` chooses where to write.

    Args:
        archive: a zip if its name ends in `.zip`, else a tar of any compression.
        wanted: path in the archive -> bytes, None where the size is not known.

    Raises:
        InputError: the archive is broken; an entry has an absolute path or climbs with `..`; all entries
            together are over `LIMIT` bytes; a wanted member is missing, of another size, or no plain file.
    """
    found = set()
    with _readable(archive):
        for name, size, plain, open_member in _entries(archive):
            if name not in wanted:
                continue
            _check_plain(archive, name, plain)
            if wanted[name] is not None and size != wanted[name]:
                raise InputError(f"{archive}: entry {name!r} has {size:,} bytes, not {wanted[name]:,}")
            found.add(name)
            with open_member() as stream:
                save(name, stream)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise InputError(f"{archive}: {len(missing)} files are not in it, among them {missing[0]}")


def contents(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Path in the archive -> content, of members whose path is wanted: for archives of one small file a document.

    Raises:
        InputError: as `unpack`, or a wanted member has more than `LARGEST` bytes.
    """
    files = {}
    with _readable(archive):
        for name, size, plain, open_member in _entries(archive):
            if wanted(name):
                _check_plain(archive, name, plain)
                if size > LARGEST:
                    raise InputError(f"{archive}: {name}: more than {LARGEST:,} bytes, too large for a document")
                files[name] = open_member().read()
    return files


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise InputError(f"{archive}: not an archive that can be read ({error or type(error).__name__})") from None


def _entries(archive: Path) -> Iterator[Entry]:
    """Every entry, its path without `./`, as long as paths and sizes are safe."""
    total = 0
    for path, size, plain, open_member in (_zip if archive.suffix == ".zip" else _tar)(archive):
        name = path.removeprefix("./")
        total += size
        if name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise InputError(f"{archive}: entry {path!r} points outside the archive; nothing of it is used")
        if total > LIMIT:
            raise InputError(f"{archive}: unpacks to more than {LIMIT:,} bytes; refused")
        yield name, size, plain, open_member


def _check_plain(archive: Path, name: str, plain: bool) -> None:
    if not plain:
        raise InputError(f"{archive}: entry {name!r} is a link or a device, not a plain file; refused")


def _tar(archive: Path) -> Iterator[Entry]:
    with tarfile.open(archive) as tar:
        for member in tar:
            yield member.name, member.size, member.isreg(), lambda member=member: tar.extractfile(member)


def _zip(archive: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)
            plain = not info.is_dir() and mode in (0, stat.S_IFREG)
            yield info.filename, info.file_size, plain, lambda info=info: packed.open(info)
