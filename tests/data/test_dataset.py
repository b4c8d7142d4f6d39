"""Reading a prepared dataset."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pushpull.data.dataset import label_names, read_card, read_ids, read_labels, read_texts
from pushpull.errors import InputError

ROWS = [
    {"id": "a", "text": "first", "labels": ["red", "blue"]},
    {"id": "b", "text": "", "labels": []},
    {"id": "c", "text": "third \u2026", "labels": ["green"]},
]


@pytest.fixture
def folder(tmp_path):
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("labels", pa.list_(pa.string()))])
    # Two row groups: columns then come in chunks.
    pq.write_table(pa.Table.from_pylist(ROWS, schema), tmp_path / "test.parquet", row_group_size=2)
    card = {"labels": [{"name": "blue", "text": "Blue things"}, {"name": "red", "text": "Red things"}]}
    (tmp_path / "card.json").write_text(json.dumps(card))
    return tmp_path


def test_texts_and_ids_come_in_file_order(folder):
    assert read_texts(folder, "test") == ["first", "", "third \u2026"]
    assert read_ids(str(folder), "test") == ["a", "b", "c"]


def test_label_matrix_equals_a_loop_over_the_rows(folder):
    names = ["blue", "never", "green", "red"]
    members = read_labels(folder, "test", names)
    assert members.dtype == np.uint8
    assert members.tolist() == [[int(name in row["labels"]) for name in names] for row in ROWS]


def test_label_matrix_of_a_random_dataset_equals_a_loop(tmp_path):
    random = np.random.default_rng(0)
    names = [f"label {index}" for index in range(17)]
    rows = [{"labels": [names[j] for j in np.flatnonzero(random.random(17) < 0.2)]} for _ in range(500)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet", row_group_size=99)
    members = read_labels(tmp_path, "train", names)
    assert members.tolist() == [[int(name in row["labels"]) for name in names] for row in rows]
    assert members[:, -1].sum() > 0


def test_a_label_that_the_card_lacks_is_named(folder):
    with pytest.raises(InputError, match="green"):
        read_labels(folder, "test", ["red", "blue"])


def test_the_card_gives_names_in_its_order(folder):
    assert label_names(read_card(folder)) == ["blue", "red"]


def test_missing_and_damaged_files_are_named(folder):
    for missing in (lambda: read_texts(folder, "train"), lambda: read_card(folder / "nowhere")):
        with pytest.raises(InputError, match="is not there"):
            missing()
    whole = (folder / "test.parquet").read_bytes()
    for damage in (whole[:-10], b"", whole[:200]):
        (folder / "test.parquet").write_bytes(damage)
        with pytest.raises(InputError, match=r"test\.parquet is damaged"):
            read_texts(folder, "test")
    (folder / "card.json").write_text('{"labels": [')
    with pytest.raises(InputError, match=r"card\.json is damaged"):
        read_card(folder)


def test_a_parquet_file_without_the_column_is_damaged(folder):
    pq.write_table(pa.table({"id": ["a"]}), folder / "test.parquet")
    with pytest.raises(InputError, match="damaged"):
        read_texts(folder, "test")


def test_reading_imports_nothing_heavy():
    heavy = ("torch", "pandas", "sklearn", "datasets", "transformers")
    code = f"import sys, pushpull.data.dataset; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
