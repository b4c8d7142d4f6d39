"""Contrastive Learning-Enhanced Nearest Neighbor Mechanism for Multi-Label Text Classification (Su et al., 2022)."""

TITLE = "kNN-MLTC"
TABLES = {
    **dict.fromkeys(("table2", "table3", "table4", "table5", "table6"), "tables"),
    **dict.fromkeys(("table7", "table8"), "costs"),
    "table_ladder": "ladder",
}
FIGURES = {"figure2": "figures", "figure3": "neighbours", "figure4": "figures"}
