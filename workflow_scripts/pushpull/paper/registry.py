"""From the name of a table or figure to the function that makes it.

A paper is one module `pushpull.paper.{paper}` with TABLES and one `pushpull.paper.{paper}_figures` with
FIGURES, both {artefact: function of a `Study`}, and its line in `names.ARTEFACTS`.
"""

from collections.abc import Callable
from importlib import import_module

from pushpull.errors import InputError, unknown
from pushpull.paper.names import ARTEFACTS


def table_maker(name: str) -> Callable:
    """Return the function that makes the `Table` called `name`, such as "abalone_table3", from a `Study`.

    Raises:
        InputError: no paper has a table of this name.
    """
    return _member(name, "table", "", "TABLES")


def figure_maker(name: str) -> Callable:
    """Return the function that draws the figure called `name`, such as "abalone_figure2", from a `Study`.

    Raises:
        InputError: no paper has a figure of this name.
    """
    return _member(name, "figure", "_figures", "FIGURES")


def figure_caption(name: str) -> str:
    """Return the caption of a figure; needs no drawing library.

    Raises:
        InputError: no paper has a figure of this name.
    """
    return _member(name, "figure", "", "CAPTIONS")


def _member(name: str, kind: str, suffix: str, collection: str):
    allowed = [
        f"{paper}_{artefact}"
        for paper, artefacts in ARTEFACTS.items()
        for artefact in artefacts
        if artefact.startswith(kind)
    ]
    if name not in allowed:
        raise InputError(unknown(kind, name, allowed))
    paper, artefact = name.rsplit("_", 1)
    # Imported on demand: a table job needs no matplotlib, and no paper needs another.
    return getattr(import_module(f"pushpull.paper.{paper}{suffix}"), collection)[artefact]
