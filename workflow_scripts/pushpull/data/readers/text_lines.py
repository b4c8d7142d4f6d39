"""Lines of text files, as several readers take them."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from pushpull.errors import InputError


def lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line of a file, gzipped if its name ends in `.gz`, without line end.

    Lines end in LF or CRLF only: to `str.splitlines` U+0085 and others would be line ends, too.

    Raises:
        InputError: the file is missing, in another encoding, or a gzip file that is damaged or cut off.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding=encoding, newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise InputError(f"{path} is not there; fetch it again") from None
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding == "utf-8-sig" else encoding
        raise InputError(f"{path}, after line {number}: not {name} ({error.reason}); fetch the file again") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}, after line {number}: damaged ({error}); fetch the file again") from None
