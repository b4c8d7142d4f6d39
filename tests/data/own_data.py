"""A generated corpus and a user's own JSONL files, for the tests of preparing."""

import json
from pathlib import Path

import pyarrow.parquet as pq

MULTI = {"reader": "generated", "corpus": "multilabel", "task": "multi", "title": "Reports", "seed": 0}
GOOD = [(str(index), f"text {index}", ["x"]) for index in range(30)]
TEST = [("t", "text", ["x"])]


def user_data(folder: Path, task: str = "multi", **splits: list[tuple]) -> dict:
    """Entry of a JSONL dataset with (id, text, labels) rows, written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        lines = [json.dumps({"nr": i, "body": text, "topics": labels}) for i, text, labels in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    files = {split: str(folder / f"{split}.jsonl") for split in splits}
    return {"reader": "jsonl", "task": task, "files": files, "id": "nr", "text": "body", "labels": "topics"}


def rows_of(folder: Path, split: str) -> list[dict]:
    return pq.read_table(folder / f"{split}.parquet").to_pylist()
