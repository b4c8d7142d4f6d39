"""Embeddings are mapped files: a full disk is an error with a name, not a signal that ends the process."""

import multiprocessing
import sys
from pathlib import Path

import numpy as np
import pytest
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import embed_blocks, text_vectors
from pushpull.job import job

TEXTS = ["grain prices rose", "the port is closed"] * 2000


def write(path: Path, printed: Path) -> None:
    with printed.open("w") as stream:
        sys.__stdout__ = sys.__stderr__ = stream
        with job(str(printed.with_name("job.log"))):
            encoder = build_encoder({"architecture": "text_cnn", "embedding": 8, "min_count": 1}, TEXTS[:2], None)
            width = encoder.get_embedding_dimension()
            embed_blocks(encoder, [TEXTS], len(TEXTS), 8, {path: (width, text_vectors)}, "test")


@pytest.fixture
def written(tmp_path):
    """written(path): exit status of a process that embeds into a file, and what it printed."""

    def run(path: Path) -> tuple[int, str]:
        printed = tmp_path / "printed.txt"
        process = multiprocessing.get_context("fork").Process(target=write, args=(path, printed))
        process.start()
        process.join(120)
        return process.exitcode, printed.read_text()

    return run


def test_a_full_disk_ends_the_job_with_one_line_and_no_half_file(written, small_disk):
    folder = small_disk(1 << 20)
    status, printed = written(folder / "train.npy")
    assert (status, "No space left on device" in printed) == (1, True), printed
    assert "Traceback" not in printed
    assert not list(folder.iterdir())
    other = small_disk(16 << 20)
    assert written(other / "train.npy")[0] == 0
    assert np.isfinite(np.load(other / "train.npy", allow_pickle=False)).all()
