"""Data: where published files come from, one reader per format, splits, and what later steps read.

Nothing is imported here: the jobs that only read labels must not pay for `datasets`.
"""
