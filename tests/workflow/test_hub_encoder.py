"""A run with an encoder of the hub: one rule asks the hub, training does not."""

import pytest
from hub_server import running_hub
from workflow_runs import TINY, copy_checkout, job_counts, snakemake

pytestmark = pytest.mark.slow

NAME, REVISION = "some-owner/some-encoder", "a1" * 20
CONFIG = f"""
encoders:
  mine: {{title: Mine, hub: {NAME}, revision: {REVISION}, pooling: mean}}
studies:
  hub:
    title: an encoder of the hub
    seeds: [1]
    experiments:
      - papers: [abalone]
        datasets: [tiny]
        encoders: [mine]
        settings: {{max_tokens: 16}}
        methods: {{pretrained: }}
"""
FETCHED = ("results/encoders/mine.json", "results/data/tiny/card.json")
ARGUMENTS = ("--cores", "2", "--configfile", TINY, "hub.yaml", "--config", "study=hub")


def test_one_rule_asks_the_hub_and_training_does_not(tmp_path, tiny_encoder):
    checkout, served = copy_checkout(tmp_path / "checkout"), tmp_path / "hub" / NAME / REVISION
    tiny_encoder.model.save_pretrained(served)
    tiny_encoder.tokenizer.save_pretrained(served)
    (checkout / "hub.yaml").write_text(CONFIG)
    with running_hub(tmp_path / "hub") as hub:
        address = f"http://127.0.0.1:{hub.server_address[1]}"
        settings = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        done = snakemake(checkout, *FETCHED, *ARGUMENTS, **settings)
        assert done.returncode == 0, done.stdout
        assert job_counts(done.stdout) == {"fetch_encoder": 1, "prepare": 1}
        asked = list(hub.asked)
        assert any(path.endswith("model.safetensors") for path in asked)
        done = snakemake(checkout, "--until", "train", *ARGUMENTS, **settings)
        assert done.returncode == 0, done.stdout
        assert job_counts(done.stdout) == {"train": 1}
        assert hub.asked == asked
