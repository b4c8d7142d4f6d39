"""Names of what can be asked for; imports nothing heavy, because the Snakefile reads it in every job."""

from pushpull.errors import InputError, unknown

ARTEFACTS: dict[str, tuple[str, ...]] = {
    "abalone": (
        "table1",
        "table2",
        "table3",
        "table4",
        "table_ladder",
        "figure1",
        "figure2",
        "figure_forces",
        "figure_collapse",
    ),
    "knn_mltc": (
        "table2",
        "table3",
        "table4",
        "table5",
        "table6",
        "table7",
        "table8",
        "table_ladder",
        "figure2",
        "figure3",
        "figure4",
    ),
    "clld": ("table2", "table3", "table_ladder", "figure2"),
    "push_pull": ("table1", "table_rules", "table_ladder", "figure1"),
}
"""Per paper, its tables and figures. Targets are called {paper}_{artefact}, as in abalone_table3."""


def split_name(name: str, kind: str) -> tuple[str, str]:
    """Return paper and artefact of a target.

    Args:
        name: such as "abalone_table3".
        kind: "table" or "figure".

    Raises:
        InputError: no paper has a table, or figure, of this name.

    Example:
        >>> split_name("abalone_table3", "table")
        ('abalone', 'table3')
    """
    found = {
        f"{paper}_{artefact}": (paper, artefact)
        for paper, artefacts in ARTEFACTS.items()
        for artefact in artefacts
        if artefact.startswith(kind)
    }
    if name not in found:
        raise InputError(unknown(kind, name, found))
    return found[name]
