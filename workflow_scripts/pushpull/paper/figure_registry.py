"""From the name of a figure to the function that draws it.

Apart from `registry`, so that a change of a figure makes no table again, nor the other way round.
"""

from collections.abc import Callable
from importlib import import_module

from pushpull.paper.names import split_name

# Per paper, a module that has FIGURES, {artefact: function of a `Study`}; full names for `fingerprint`.
MODULES = {
    "abalone": "pushpull.paper.abalone_figures",
    "knn_mltc": "pushpull.paper.knn_mltc_figures",
    "clld": "pushpull.paper.clld_figures",
    "push_pull": "pushpull.paper.push_pull_figures",
}


def figure_maker(name: str) -> Callable:
    """Return the function that draws the figure called `name`, such as "abalone_figure2", from a `Study`.

    Raises:
        InputError: no paper has a figure of this name.
    """
    paper, figure = split_name(name, "figure")
    return import_module(MODULES[paper]).FIGURES[figure]
