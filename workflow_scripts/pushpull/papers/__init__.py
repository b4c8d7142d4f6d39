"""The papers that are reproduced: every folder here is one.

Its `__init__` has `TITLE`, and `TABLES` and `FIGURES`: {name of what it makes: module with the function of that name},
a function of a `Study`. It imports nothing heavy, because every cluster job reads it again, and so does `rows`, which
has SHOWN, which runs a table or figure shows, and COMPARISONS, what is tested in pairs. `tables` has CAPTIONS of the
figures, too, because the report needs no drawing library.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pushpull.errors import InputError, unknown
from pushpull.tables.shown import Shown

FOLDER = Path(__file__).parent
FACTS = {"TITLE": str, "TABLES": dict, "FIGURES": dict}


@cache
def papers() -> dict[str, ModuleType]:
    """Return the package of every paper by its key, the name of its folder.

    Raises:
        InputError: a folder's `__init__` lacks one of `FACTS`, or it is empty or of another type.
    """
    found = {path.parent.name: part(path.parent.name) for path in sorted(FOLDER.glob("*/__init__.py"))}
    for paper, package in found.items():
        for fact, kind in FACTS.items():
            value = getattr(package, fact, None)
            if not isinstance(value, kind) or (fact == "TITLE" and not value):
                raise InputError(
                    f"papers/{paper}/__init__.py: {fact} is {value!r}; allowed: "
                    + ("the title of the paper" if kind is str else "{name: module}, as in {'table1': 'tables'}")
                )
    return found


def part(paper: str, module: str = "") -> ModuleType:
    """Return a module of a paper, such as its `rows`; without a name, its package."""
    return import_module(f"pushpull.papers.{paper}" + (f".{module}" if module else ""))


def artefacts(paper: str) -> tuple[str, ...]:
    """Return the names of a paper's tables, then of its figures, as in "table1"."""
    package = papers()[paper]
    return (*package.TABLES, *package.FIGURES)


def split_name(name: str) -> tuple[str, str]:
    """Return paper and artefact of a target.

    Raises:
        InputError: no paper has a table or figure of this name.

    Example:
        >>> split_name("abalone_table3")
        ('abalone', 'table3')
    """
    found = {f"{paper}_{artefact}": (paper, artefact) for paper in papers() for artefact in artefacts(paper)}
    if name not in found:
        raise InputError(unknown("table or figure", name, found))
    return found[name]


def is_table(name: str) -> bool:
    """Whether a target is a table; it is a figure else."""
    paper, artefact = split_name(name)
    return artefact in papers()[paper].TABLES


def source(name: str) -> str:
    """Return "module:function" of what makes a table or figure, below `pushpull`."""
    paper, artefact = split_name(name)
    package = papers()[paper]
    return f"papers.{paper}.{(package.TABLES | package.FIGURES)[artefact]}:{artefact}"


def maker(name: str) -> Callable:
    """Return the function that makes the table or figure called `name`, such as "abalone_table3", from a `Study`.

    Raises:
        InputError: no paper has a table or figure of this name.
    """
    from pushpull.tables.study import only_shown  # imports pandas, which planning does without

    paper, artefact = split_name(name)
    module, _, function = source(name).partition(":")
    make = getattr(import_module(f"pushpull.{module}"), function)
    return lambda study: make(only_shown(study, paper, shown(paper, artefact)))


def shown(paper: str, artefact: str) -> Shown:
    """Return which runs a table or figure of a paper shows."""
    return part(paper, "rows").SHOWN[artefact]


def figure_caption(name: str) -> str:
    """Return the caption of a figure; needs no drawing library.

    Raises:
        InputError: no paper has a figure of this name.
    """
    paper, figure = split_name(name)
    if is_table(name):
        figures = [f"{paper}_{figure}" for paper, package in papers().items() for figure in package.FIGURES]
        raise InputError(unknown("figure", name, figures))
    return part(paper, "tables").CAPTIONS[figure]
