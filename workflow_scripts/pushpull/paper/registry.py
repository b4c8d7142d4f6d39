"""From the name of a table to the function that makes it, and from that of a figure to its caption.

A paper is its line in `names.ARTEFACTS`, a line here with a module that has TABLES, {artefact: function of a `Study`},
and CAPTIONS, {figure: text}, a line in `figure_registry` and one in `comparisons`.
"""

from collections.abc import Callable
from importlib import import_module

from pushpull.paper.names import split_name

# Full names of modules, so that `fingerprint` finds them; a job imports that of its own paper only.
MODULES = {
    "abalone": "pushpull.paper.abalone",
    "knn_mltc": "pushpull.paper.knn_mltc",
    "clld": "pushpull.paper.clld",
    "push_pull": "pushpull.paper.push_pull",
}


def table_maker(name: str) -> Callable:
    """Return the function that makes the `Table` called `name`, such as "abalone_table3", from a `Study`.

    Raises:
        InputError: no paper has a table of this name.
    """
    paper, table = split_name(name, "table")
    return import_module(MODULES[paper]).TABLES[table]


def figure_caption(name: str) -> str:
    """Return the caption of a figure; needs no drawing library.

    Raises:
        InputError: no paper has a figure of this name.
    """
    paper, figure = split_name(name, "figure")
    return import_module(MODULES[paper]).CAPTIONS[figure]
