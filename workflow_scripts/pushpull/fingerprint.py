"""What a stage's code says, as one hash: comments, docstrings and layout do not count."""

import ast
import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pushpull.files import sha256

ROOT = Path(__file__).parent


@cache
def fingerprint(*modules: str, without: tuple[str, ...] = ()) -> str:
    """Hash the syntax trees of modules and of every module of this library that they import, and their data files.

    Put into the `params` of a rule it makes Snakemake run the rule again when, and only when, the code that the rule
    uses has changed in meaning.

    Args:
        modules: dotted names below `pushpull`, such as `training.run`.
        without: modules that these import but that the stage does not use.

    Example:
        >>> fingerprint("errors") == fingerprint("errors")
        True
    """
    found: dict[str, str] = {}
    todo = [f"pushpull.{module}" for module in modules]
    while todo:
        name = todo.pop()
        path = _source(name)
        if path is None or name in found or name.removeprefix("pushpull.") in without:
            continue
        imports, found[name] = _read(path)
        todo += imports
    return hashlib.sha256("".join(f"{name}{found[name]}" for name in sorted(found)).encode()).hexdigest()[:16]


def code_of(*modules: str) -> Callable:
    """Params function: the fingerprint of these modules, taken only where a job asks for it.

    Every job parses the rules again, and would pay for the fingerprints of all of them.
    """
    return lambda _: fingerprint(*modules)


@cache
def _read(path: Path) -> tuple[list[str], str]:
    """What a module imports, and the hash of what it says."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            del body[0]
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest() + "".join(_assets(tree, path.parent))
    return _imports(tree), digest


def _assets(tree: ast.Module, folder: Path) -> list[str]:
    """Hashes of the data files beside a module that it names in a string: word lists, templates, printed values."""
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    paths = [folder / name for name in sorted(names) if re.fullmatch(r"[\w.]+", name)]
    files = [file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    return [sha256(file) for file in files if file.suffix in (".yaml", ".j2", ".csv") and file.is_file()]


def _imports(tree: ast.Module) -> list[str]:
    """Names imported anywhere in a module, and modules of the library named in strings (the loss registry)."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("pushpull."):
            names.append(node.value.partition(":")[0])
    return [name for name in names if name.startswith("pushpull")]


def _source(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)
