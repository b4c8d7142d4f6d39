"""What a stage's code says, as one hash of the statements that it reaches.

Comments, docstrings, annotations and layout do not count, and neither does where a function stands: one that is moved
to another module, and imported from there, leaves the hash as it was.
"""

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pushpull.files import sha256

ROOT = Path(__file__).parent
SCRIPTS = "workflow_scripts"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_UNSAID = {"ctx", "annotation", "returns", "type_comment", "kind", "type_params", "type_ignores"}


class Statement(NamedTuple):
    """A statement of a module: its hash, the names that it uses, the texts in it, and what it imports itself."""

    said: str
    uses: tuple[str, ...]
    texts: tuple[str, ...]
    imports: dict[str, str]


class Module(NamedTuple):
    """A module: the statements behind each of its names, those that run whatever is used, and its imported names."""

    path: Path
    names: dict[str, list[Statement]]
    always: list[Statement]
    imports: dict[str, str]


def code_of(script: str, *more: str, without: tuple[str, ...] = ()) -> Callable:
    """Params function: the fingerprint of a script and of what it reaches, taken only where a job asks for it.

    Every job parses the rules again, and would pay for the fingerprints of all of them.

    Args:
        script: name of a file in `workflow_scripts/`, without ".py"; more, without: as in `fingerprint`.
    """
    return lambda _: fingerprint(f"{SCRIPTS}.{script}", *more, without=without)


@cache
def fingerprint(*starts: str, without: tuple[str, ...] = ()) -> str:
    """Hash the statements that the starts reach, through every module of this library, and the data files they name.

    Put into the `params` of a rule it makes Snakemake run the rule again when, and only when, the code that the rule
    uses has changed in meaning.

    Args:
        starts: dotted names below `pushpull`, of a module as a whole, such as `training.run`, or of one of its names,
            such as `training.run:train`; or of a script, `workflow_scripts.train`.
        without: the same, of what these reach but the stage does not use, or what changes nothing that it writes.

    Raises:
        KeyError: a start is no module, or its module has no such name.

    Example:
        >>> fingerprint("errors:unknown") == fingerprint("errors:unknown")
        True
    """
    reached = {place: statements for start in starts for place, statements in _start(start)}
    lines, todo = [f"start {_said(statements)}" for statements in reached.values()], list(reached.items())
    while todo:
        (module, name), statements = todo.pop()
        for statement in statements:
            edges = []
            for use, found in _references(module, statement):
                if isinstance(found, str):
                    edges.append(f"{use} {found}")
                    continue
                for place, targets in found.items():
                    if {_short(place[0]), f"{_short(place[0])}:{place[1]}"} & {*without}:
                        continue
                    edges.append(f"{use} {_said(targets)}")
                    if place not in reached:
                        reached[place] = targets
                        todo.append((place, targets))
            lines.append(" ".join([statement.said, *sorted(edges)]))
        always = (module, "")
        if name and always not in reached:
            reached[always] = _module(module).always
            todo.append((always, reached[always]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _start(start: str) -> Iterator[tuple[tuple[str, str], list[Statement]]]:
    """Yield the (module, name) of a start, of a whole module all of them, with the statements behind each."""
    short, _, wanted = start.partition(":")
    name = short if short.startswith(f"{SCRIPTS}.") else f"pushpull.{short}"
    module = _module(name)
    if module is None:
        raise KeyError(f"{start}: {name} is no module")
    if wanted:
        yield from _resolve(name, wanted).items()
        return
    yield (name, ""), module.always
    yield from (((name, each), statements) for each, statements in module.names.items())


def _references(name: str, statement: Statement) -> Iterator[tuple[str, str | dict]]:
    """Yield (what a statement says, what it stands for): places in the library, else a dotted name or a file's hash."""
    module = _module(name)
    imports = module.imports | statement.imports
    for use in statement.uses:
        head, _, rest = use.partition(".")
        if head in imports:
            dotted = f"{imports[head]}.{rest}" if rest else imports[head]
            yield use, (_inside(dotted) if dotted.startswith("pushpull") else dotted)
        elif head in module.names:
            yield use, {(name, head): module.names[head]}
    for text in statement.texts:
        if text.startswith("pushpull."):  # a registry names what it loads
            yield "loads", _inside(text.replace(":", "."))
        else:
            yield from (("reads", sha256(file)) for file in _data_files(module.path.parent, text))


def _inside(dotted: str) -> dict[tuple[str, str], list[Statement]]:
    """Return the places that a dotted name of the library stands for; a module as such is all of it."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if _module(name) is not None:
            if count == len(parts):
                return {(name, each): statements for each, statements in _module(name).names.items()}
            return _resolve(name, parts[count])
    return {}


def _resolve(name: str, wanted: str) -> dict[tuple[str, str], list[Statement]]:
    """Return the place of a name of a module, or of the module that it is imported from."""
    module = _module(name)
    if wanted in module.names:
        return {(name, wanted): module.names[wanted]}
    if wanted in module.imports:
        return _inside(module.imports[wanted])
    raise KeyError(f"{name} has no {wanted}")


def _said(statements: Iterable[Statement]) -> str:
    """Return what the statements behind a name say; where they stand does not count."""
    return "+".join(statement.said for statement in statements)


def _short(name: str) -> str:
    return name.removeprefix("pushpull.")


def _data_files(folder: Path, text: str) -> list[Path]:
    """Return the data files beside a module that a text in it names: word lists, templates."""
    path = folder / text if re.fullmatch(r"\w[\w.]*\.(yaml|json|j2|csv)", text) else None
    return [path] if path is not None and path.is_file() else []


@cache
def _module(name: str) -> Module | None:
    """Read a module of the library or a script by its dotted name; None where there is none."""
    if name.startswith(f"{SCRIPTS}."):
        path = ROOT.parent.joinpath(*name.split(".")[1:])
    elif name.partition(".")[0] == "pushpull":
        path = ROOT.joinpath(*name.split(".")[1:])
    else:
        return None
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    return None if file is None else _read(file)


def _read(path: Path) -> Module:
    module = Module(path, defaultdict(list), [], {})
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module.imports.update(_imported(node))
        elif not _is_text(node) and not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            statement = _statement(node)
            names = _names(node)
            for name in names:
                module.names[name].append(statement)
            if not names or not isinstance(node, (*_DEFINITIONS, ast.Assign, ast.AnnAssign)):
                module.always.append(statement)
    return module._replace(names=dict(module.names))


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Return {name in the module: dotted name of what it stands for}."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in node.names
        }
    return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}


def _statement(node: ast.stmt) -> Statement:
    said: list[str] = []
    uses: set[str] = set()
    texts: set[str] = set()
    imports: dict[str, str] = {}
    _say(node, said, uses, texts, imports)
    digest = hashlib.sha256("".join(said).encode()).hexdigest()[:24]
    return Statement(digest, tuple(sorted(uses)), tuple(sorted(texts)), imports)


def _say(node: object, said: list[str], uses: set[str], texts: set[str], imports: dict[str, str]) -> None:
    """Write down what a node says, and collect the names it uses, its texts and its imports."""
    if isinstance(node, list):
        for item in node:
            _say(item, said, uses, texts, imports)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        imports.update(_imported(node))
    elif isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        if text:
            texts.add(text)
        said.append("library" if text.startswith("pushpull.") else repr(node.value))
    elif isinstance(node, ast.AST):
        if _is_text(node):
            return
        if dotted := _dotted(node):
            uses.add(dotted)
            said.append(f"({dotted})")
            return
        said.append(f"({type(node).__name__}")
        for field in node._fields:
            value = getattr(node, field, None)
            if field not in _UNSAID and value is not None and value != []:
                said.append(f" {field}=")
                _say(value, said, uses, texts, imports)
        said.append(")")
    else:
        said.append(repr(node))


def _dotted(node: ast.AST) -> str:
    """Return a name, or a chain of attributes of one, as it is written; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := _dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is a text alone: a docstring, or one below a constant."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
