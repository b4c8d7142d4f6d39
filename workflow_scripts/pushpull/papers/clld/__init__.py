"""Contrastive Learning with Label Distance for Text Classification."""

TITLE = "CLLD"
TABLES = {"table2": "tables", "table3": "tables", "table_ladder": "ladder"}
FIGURES = {"figure2": "figures"}
