"""A study that is run twice on one machine ends with the same bytes."""

from pathlib import Path

import pytest
from workflow_runs import TINY_ARGUMENTS, real_run

pytestmark = pytest.mark.slow

# One run of each way to train, and what it starts from.
RUNS = ("tiny/tiny/base", "tiny/tiny/base_ft", "tiny/tiny/cosine_bce", "tiny/tiny_ldgn/joint")
RUNS += ("tiny_single/tiny_cnn/clld_adaptive",)


def test_runs_from_nothing_leave_the_same_bytes_as_before(finished, checkout):
    folders = [path.relative_to(finished) for run in RUNS for path in (finished / "results/runs" / run).glob("*/seed1")]
    assert len(folders) == len(RUNS)
    done = real_run(checkout, *(folder / "metrics.csv" for folder in folders), *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout[-8000:]
    for folder in (*folders, Path("results/data/tiny"), Path("results/data/tiny_single")):
        files = [path.relative_to(finished) for path in (finished / folder).rglob("*") if path.is_file()]
        timed = {folder / "run.json", folder / "inference.json"}  # they say how long it took
        written = [file for file in files if file not in timed and "datastore" not in file.parts]
        names = {file.name for file in written}
        assert {"card.json", "test.parquet"} <= names or {"metrics.csv", "model.safetensors", "test.npy"} <= names
        assert [file for file in written if (checkout / file).read_bytes() != (finished / file).read_bytes()] == []
