"""Exploring Contrastive Learning for Long-Tailed Multi-Label Text Classification (Audibert, Gauffre, Amini, 2024)."""

TITLE = "ABALONE"
TABLES = {"table1": "tables", "table2": "tables", "table3": "tables", "table4": "tables", "table_ladder": "ladder"}
FIGURES = {"figure1": "figures", "figure2": "figures", "figure_forces": "curves", "figure_collapse": "curves"}
