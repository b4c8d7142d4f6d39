"""Files that are either whole or not there."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from pushpull.errors import InputError

_Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in a tenth of the time, where libyaml is there


class _Loader(_Safe):
    """Refuses a key that stands twice in a mapping, where YAML would take the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if key.value in lines:
                problem = f"the key {key.value!r} stands in line {lines[key.value]} already"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                lines[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; synced and renamed to `path` on success, removed on failure.

    A reader never sees a half-written file, whenever the writer is killed.

    Example:
        >>> with atomic_path("card.json") as temporary:
        ...     _ = temporary.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_yaml(path: str | Path) -> object:
    """Return what a YAML file says, plain values alone; None if it is empty.

    Raises:
        InputError: it is no YAML, no UTF-8, has a key twice, or asks for an object of Python; the line is named.
        FileNotFoundError: there is no such file.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no UTF-8 ({error}); save it as UTF-8") from None
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line
        indented = re.match(r"\s*", "".join(text.splitlines()[line : line + 1]))[0]
        hint = "; a line is indented with spaces, this one has a tab" if "\t" in indented else ""
        raise InputError(f"{path} is no YAML: line {line + 1}: {error.problem}{hint}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is no YAML: {error}") from None
