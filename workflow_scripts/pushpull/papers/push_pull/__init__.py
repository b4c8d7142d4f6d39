"""Push and Pull: Training Sentence Encoders with Contrastive Losses for Distance-Based Multi-Label Classification."""

TITLE = "Push and Pull"
TABLES = {"table1": "tables", "table_rules": "tables", "table_ladder": "ladder"}
FIGURES = {"figure1": "figures"}
