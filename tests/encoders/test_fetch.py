"""Encoders are fetched once, checked file by file, and converted where they are pickled; jobs find them offline.

The hub is a server on this machine; the library that asks it is the real one, in a process of its own.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_server import running_hub
from pushpull.encoders.encoder import embed, tokenise
from pushpull.encoders.fetch import WEIGHTS, converted_folder
from pushpull.encoders.sentence import load_encoder
from pushpull.errors import InputError
from pushpull.files import sha256
from transformers import AutoModel

NAME, REVISION = "some-owner/some-encoder", "a1" * 20
CARD = {"hub": NAME, "revision": REVISION, "pooling": "cls"}
PICKLED = CARD | {"pickled": True}
FETCH = """
import json, sys
from pathlib import Path
from pushpull.job import job
with job("fetch.log"):
    from pushpull.encoders.fetch import fetch
    fetch(json.loads(sys.argv[1]), Path("record.json"))
"""


@pytest.fixture
def repository(tiny_encoder, tmp_path) -> Path:
    """The encoder's folder on the hub, with the same weights for another library beside them."""
    folder = tmp_path / "hub" / NAME / REVISION
    tiny_encoder.model.save_pretrained(folder)
    tiny_encoder.tokenizer.save_pretrained(folder)
    (folder / "onnx").mkdir()
    (folder / "onnx/config.json").write_text("{}")
    (folder / "README.md").write_text("nothing")
    return folder


@pytest.fixture
def hub(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with running_hub(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """The folder of the encoder in the cache that the tests' processes fill, which this process reads."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "home/hub"))
    return tmp_path / "home/hub" / f"models--{NAME.replace('/', '--')}/snapshots" / REVISION


def start(hub, card: dict = CARD, **more: str) -> subprocess.Popen:
    """A process that fetches; without a hub its address is one where nobody listens."""
    address = f"http://127.0.0.1:{hub.server_address[1]}" if hub else "http://127.0.0.1:9"
    environment = os.environ | {"HF_ENDPOINT": address, "HF_HOME": "home", "HF_HUB_OFFLINE": "0"} | more
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, json.dumps(card)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fetch(hub, card: dict = CARD, **more: str) -> tuple[int, str]:
    """Exit status of a process that fetches, and what it said."""
    process = start(hub, card, **more)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def pickle_weights(repository: Path) -> dict[str, torch.Tensor]:
    """Publish the encoder's weights as a pickled state alone, as in 2020; return them."""
    state = AutoModel.from_pretrained(repository).state_dict()
    (repository / WEIGHTS).unlink()
    torch.save({f"bert.{name}": tensor for name, tensor in state.items()}, repository / "pytorch_model.bin")
    return state


def vectors(encoder) -> np.ndarray:
    return embed(encoder, tokenise(encoder, ["the harbour was closed", "grain"], 16), "cpu")


def test_an_encoder_is_fetched_once_and_then_loaded_without_a_network(hub, cache, repository, tiny_encoder):
    assert fetch(hub) == (0, ""), Path("fetch.log").read_text()
    names = {"config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"}
    record = json.loads(Path("record.json").read_text())
    assert names <= set(record["files"])
    assert not {"README.md", "onnx/config.json"} & set(record["files"])
    for name, facts in record["files"].items():
        assert facts == {"bytes": (repository / name).stat().st_size, "sha256": sha256(repository / name)}
    hub.asked.clear()
    assert fetch(hub)[0] == 0
    assert [path for path in hub.asked if "resolve" in path] == []
    assert fetch(None)[0] == 0
    began = time.monotonic()
    encoder = load_encoder(CARD)
    assert time.monotonic() - began < 5
    torch.testing.assert_close(encoder.model.state_dict(), tiny_encoder.model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("offline", ["0", "1"])
def test_an_empty_cache_without_a_network_names_what_to_bring(hub, offline):
    card = CARD | {"hub": "google-bert/bert-base-uncased"}
    status, said = fetch(None, card, HF_HUB_OFFLINE=offline)
    assert status == 1
    assert "Traceback" not in said
    for part in ("config.json, model.safetensors, tokenizer.json", "about 440 MB", "HF_HOME", "home/hub"):
        assert part in said
    assert f"hf download google-bert/bert-base-uncased --revision {REVISION} --include '*.json'" in said


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_damaged_file_of_the_cache_is_named_or_fetched_again(hub, cache, repository, name, damage):
    assert fetch(hub)[0] == 0
    blob = (cache / name).resolve()
    data = blob.read_bytes()
    blob.write_bytes(data[:-9] if damage == "truncated" else data[:-9] + b"123456789")
    status, said = fetch(None)
    assert status == 1
    assert f"{name} is damaged" in said and "expected" in said and "hf download" in said
    assert "Traceback" not in said
    status, said = fetch(hub)
    assert (status, f"{name}: damaged in the cache, fetched again" in said) == (0, True)
    assert sha256(cache / name) == sha256(repository / name)


def test_wrong_bytes_of_the_hub_are_not_taken(hub, repository):
    data = (repository / WEIGHTS).read_bytes()
    hub.served[WEIGHTS] = data[:-9] + b"123456789"
    status, said = fetch(hub)
    assert status == 1
    assert f"{WEIGHTS} is damaged" in said
    assert not Path("record.json").exists()


@pytest.mark.parametrize(
    ("card", "named"), [({"revision": "b2" * 20}, "b2" * 20), ({"hub": "some-owner/other"}, "some-owner/other")]
)
def test_a_revision_or_repository_that_does_not_exist_is_a_mistake_of_the_card(hub, card, named):
    status, said = fetch(hub, CARD | card)
    assert status == 1
    assert named in said and "correct hub and revision of its entry under encoders:" in said
    assert "hf download" not in said


def test_pickled_weights_are_refused_without_a_rule_and_converted_with_one(hub, cache, repository):
    state = pickle_weights(repository)
    status, said = fetch(hub)
    assert status == 1
    assert "only pickled weights" in said and "pickled: true in its entry" in said
    assert not list(Path("home/hub").rglob("pytorch_model.bin"))
    with pytest.raises(InputError, match="have not been converted"):
        load_encoder(PICKLED)
    assert fetch(hub, PICKLED) == (0, "")
    converted = json.loads(Path("record.json").read_text())["converted"]
    assert converted["from"] == sha256(repository / "pytorch_model.bin")
    assert converted["sha256"] == sha256(converted_folder(PICKLED) / WEIGHTS)
    encoder = load_encoder(PICKLED)
    torch.testing.assert_close(encoder.model.state_dict(), state, rtol=0, atol=0)
    assert np.isfinite(vectors(encoder)).all()


class Evil:
    """Leaves a file when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("how", ["torch", "pickle", "truncated"])
def test_pickled_weights_run_no_code(hub, repository, how):
    pickle_weights(repository)
    file = repository / "pytorch_model.bin"
    if how == "torch":
        torch.save({"bert.weight": Evil()}, file)
    elif how == "pickle":
        file.write_bytes(pickle.dumps(Evil()))
    else:
        file.write_bytes(file.read_bytes()[:1000])
    status, said = fetch(hub, PICKLED)
    assert status == 1
    assert "holds something else than tensors, or is damaged" in said and "Traceback" not in said
    assert not Path("evil").exists()
    assert not Path("record.json").exists()


def test_a_fetch_that_is_killed_goes_on(hub, repository):
    hub.pause = 0.02
    (repository / WEIGHTS).write_bytes(os.urandom(1 << 24))
    process = start(hub)
    while not list(Path("home/hub").rglob("*.incomplete")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not Path("record.json").exists()
    hub.pause = 0.0
    assert fetch(hub)[0] == 0
    files = json.loads(Path("record.json").read_text())["files"]
    assert files[WEIGHTS]["sha256"] == sha256(repository / WEIGHTS)
