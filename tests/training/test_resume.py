"""A run that is killed again and again, wherever it is, ends with the same bits as one that is left alone."""

import os
import random
import secrets
import signal
import time

import pytest
from interrupted import Run, fork_server
from killable import CASES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("PYTHONPATH", "")  # to be put back
        yield fork_server()


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def uninterrupted(request, server, tiny_data, tmp_path_factory):
    run = Run(server, tiny_data, tmp_path_factory.mktemp("uninterrupted"), request.param)
    assert "finished" in run.finish()
    state = run.state()
    if request.param[0] == "contrastive":
        parts = {name.partition("/objective.")[2].partition(".")[0] for name in state}
        assert {"encoder", "momentum_encoder", "queue", "prototypes"} <= parts
    return request.param, state


def test_interruptions_at_random_moments_change_no_bit(uninterrupted, server, tiny_data, tmp_path):
    case, expected = uninterrupted
    seed = secrets.randbelow(10**6)
    draw, run = random.Random(seed), Run(server, tiny_data, tmp_path, case)
    ways = ["anywhere", "while writing", "while writing", draw.choice([signal.SIGTERM, signal.SIGINT])]
    for way in draw.sample(ways, len(ways)):
        write = draw.randint(2, 9)  # two a step: of the tensors, of what makes them valid
        process = run.start((write, write + 3))
        run.wait_until_it_stops(process)
        if way != "while writing":
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(draw.uniform(0, 0.02))
        number = signal.SIGKILL if isinstance(way, str) else way
        run.send(process, number)
        printed = f"seed {seed}, {way}: {run.printed.read_text()}"
        assert process.exitcode == (-number if number == signal.SIGKILL else 128 + number), printed
        saved = f"stopped by signal {number} and saved at step {run.newest()}: the next run goes on there"
        assert (saved in printed) == (number != signal.SIGKILL), printed
        assert way != "while writing" or run.half_written(), printed
        assert "damaged" not in printed
    newest, printed = run.newest(), run.finish()
    assert f"resuming at step {newest} of" in printed, f"seed {seed}: {printed}"
    assert not run.half_written()
    assert run.state() == expected, f"seed {seed}"
