"""Kills at random steps of training, what a resume costs, and the share of training time that checkpoints take.

Three SIGKILLs in a run of every kind of method, as in the tests: a tiny encoder, a checkpoint after every step. The
last resume of each is a process that imports everything itself: seconds from its start to the end of its first step
are lost by a kill, beside the work since the last checkpoint. A checkpoint of all six layers of MiniLM with a
classifier and AdamW, median of five writes, copy and all, against the pause between checkpoints; training waits for the
copy alone.
"""

import os
import sys

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, "workflow_scripts")
sys.path.insert(0, "tests/training")

import random
import subprocess
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
import yaml
from interrupted import SECONDS, Run, fork_server
from killable import CASES
from killable import __file__ as script
from pushpull.data.prepare import prepare
from pushpull.encoders.sentence import load_encoder
from pushpull.kinds import defaults
from pushpull.training import checkpoint
from pushpull.training.optimiser import parameter_groups
from pushpull.training.supervised import Supervised

KILLS, SEED, SHARE_BAR = 3, 1, 0.005
DOCUMENTS = {"train": 90, "validation": 40, "test": 40}
ENTRY = {"title": "Tiny", "task": "multi", "reader": "generated", "corpus": "multilabel", "documents": DOCUMENTS}


def kills(server, data, folder, case, draw):
    """(Number of kills, whether the same bits came out, seconds from the start of the last process to its step)."""
    alone, killed = (Run(server, data, folder / name, case) for name in ("alone", "killed"))
    alone.finish()
    for _ in range(KILLS):
        process = killed.start()
        killed.wait_for(process, killed.newest() + draw.randint(1, 5))
        process.kill()
        process.join()
    newest, began = killed.newest(), time.monotonic()
    last = subprocess.Popen([sys.executable, script, *killed.arguments])
    while killed.newest() == newest and last.poll() is None:
        time.sleep(0.01)
    lost = time.monotonic() - began
    return KILLS, last.wait(SECONDS) == 0 and killed.state() == alone.state(), lost


def seconds_of_a_checkpoint(folder):
    """Median seconds of a checkpoint of MiniLM with AdamW and of its copy, its bytes, and its parameters."""
    settings = defaults("supervised") | {"loss": "bce", "task": "multi"}
    card = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["encoders"]["minilm"]
    objective = Supervised(load_encoder(card), 90, settings)
    optimizer = torch.optim.AdamW(parameter_groups(objective, settings), fused=True)
    for parameter in objective.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    spent = []
    for step in range(1, 6):
        began = time.monotonic()
        tensors = checkpoint.state(objective, optimizer, {})
        copied = time.monotonic()
        checkpoint.save(folder, tensors, {"step": step})
        spent.append((time.monotonic() - began, copied - began))
    size = sum(path.stat().st_size for path in folder.glob("step-00000005.*"))
    return *map(median, zip(*spent, strict=True)), size, sum(parameter.numel() for parameter in objective.parameters())


def main():
    server, draw, found = fork_server(), random.Random(SEED), []
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare("tiny", ENTRY, None, folder / "data")
        for number, case in enumerate(case for case in CASES if case[1] == "transformer"):
            for part in ("alone", "killed"):
                (folder / str(number) / part).mkdir(parents=True)
            found.append(kills(server, folder / "data", folder / str(number), case, draw))
        seconds, copying, size, parameters = seconds_of_a_checkpoint(folder)
    tried, same = sum(count for count, _, _ in found), sum(count for count, equal, _ in found if equal)
    pause = checkpoint.pause(seconds)
    share = copying / pause
    print(
        f"{tried} kills at random steps of {len(found)} kinds of method: {same} resumed to the same bits (bar all); "
        f"{median(lost for _, _, lost in found):.1f} s from the start of a process to its first step; a checkpoint of "
        f"{parameters / 1e6:.1f} million parameters ({size / 1e6:.0f} MB) takes {seconds:.2f} s, its copy "
        f"{share:.2%} of training time at one every {pause:.0f} s (bar {SHARE_BAR:.1%})"
    )
    sys.exit(int(same < tried or share > SHARE_BAR))


if __name__ == "__main__":  # the forked processes read this file, too
    main()
