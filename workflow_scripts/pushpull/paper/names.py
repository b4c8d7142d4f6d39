"""Names of what can be asked for; imports nothing, because the Snakefile reads it in every job."""

ARTEFACTS: dict[str, tuple[str, ...]] = {
    "abalone": ("table1", "table2", "table3", "table4", "figure1", "figure2"),
}
"""Per paper, its tables and figures. Targets are called {paper}_{artefact}, as in abalone_table3."""
