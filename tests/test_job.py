"""Around a script's work: output in the log, mistakes in one line, exit states that Snakemake understands."""

import platform
import subprocess
import sys
import textwrap

import pytest
import torch
from pushpull.job import cpu_count


def run(tmp_path, body, resources="None", **environment):
    script = "from pushpull.errors import InputError\nfrom pushpull.job import job\n"
    script += f"with job('logs/a/b.log', {resources}):\n"
    return subprocess.run(
        [sys.executable, "-c", script + textwrap.indent(body, "    ")],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_output_and_errors_reach_the_terminal_and_the_log(tmp_path):
    found = run(tmp_path, "import sys\nprint('one')\nprint('two', file=sys.stderr)")
    assert (found.returncode, found.stdout, found.stderr) == (0, "one\n", "two\n")
    assert (tmp_path / "logs/a/b.log").read_text() == "one\ntwo\n"


def test_a_users_mistake_is_one_line_and_no_traceback(tmp_path):
    found = run(tmp_path, "raise InputError('no such column')")
    assert (found.returncode, found.stderr) == (1, "error: no such column\n")
    assert "no such column" in (tmp_path / "logs/a/b.log").read_text()


@pytest.mark.parametrize(
    "error", ["OSError(28, 'No space left on device', 'x.npy')", "ValueError('I/O error: No space left on device')"]
)
def test_a_full_disk_is_named_with_the_next_step(tmp_path, error):
    found = run(tmp_path, f"raise {error}")
    assert found.returncode == 1
    assert "No space left on device" in found.stderr
    assert "run the same command again" in found.stderr
    assert "Traceback" not in found.stderr


def test_garbage_is_looked_for_less_often_and_still_found(tmp_path):
    body = """
import gc, weakref
class Node: pass
node = Node()
node.itself, gone = node, weakref.ref(node)
del node
kept = [[] for _ in range(10_000)]
assert gone() is not None
kept += [[] for _ in range(200_000)]
assert gone() is None
"""
    assert run(tmp_path, body).returncode == 0


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)); "


@pytest.mark.parametrize(
    "greedy",
    [
        "bytearray(1 << 40)",
        "import numpy; numpy.ones(1 << 40)",
        "import torch; torch.set_num_threads(1); torch.ones(1 << 40)",
    ],
)
def test_too_little_memory_is_named_with_the_next_step(tmp_path, greedy):
    found = run(tmp_path, LIMIT + greedy)
    assert found.returncode == 1
    assert "Lower batch_size or max_tokens, or ask for more memory" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_folder_that_cannot_be_written_is_named_with_the_next_step(tmp_path, small_disk):
    folder = small_disk(1 << 20)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    body = f"from pushpull.files import write_json\nwrite_json({str(folder / 'card.json')!r}, 1)"
    found = run(tmp_path, body)
    assert found.returncode == 1
    assert "Read-only file system" in found.stderr
    assert str(folder) in found.stderr
    assert "Make the folder writable" in found.stderr
    assert "Traceback" not in found.stderr


def test_ctrl_c_says_that_nothing_is_lost(tmp_path):
    found = run(tmp_path, "raise KeyboardInterrupt")
    assert found.returncode == 130
    assert "run the same command again" in found.stderr


def test_any_other_error_has_its_traceback_on_the_terminal_once_and_in_the_log(tmp_path):
    found = run(tmp_path, "1 / 0")
    assert found.returncode == 1
    assert found.stderr.count("ZeroDivisionError") == 1
    assert "ZeroDivisionError" in (tmp_path / "logs/a/b.log").read_text()


def test_threads_are_snakemakes_unless_a_cluster_profile_granted_more():
    assert cpu_count(1, {}) == 1
    assert cpu_count(1, {"cpus_per_task": 6}) == 6
    assert cpu_count(8, {"cpus_per_task": 6}) == 8


NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@NO_GPU
@pytest.mark.parametrize("resources", ["{'gpu': 1}", "{'gpu': 0, 'gres': 'gpu:1'}"])
def test_a_job_that_was_given_a_gpu_and_finds_none_ends_with_one_line(tmp_path, resources):
    found = run(tmp_path, "print('computed')", resources, PUSHPULL_GPU_IS_THERE="1")
    assert (found.returncode, found.stdout) == (1, "")
    (line,) = found.stderr.splitlines()
    for part in ("was given a GPU", torch.__version__, platform.node(), "Update the driver", "allow_cpu=true"):
        assert part in line


@NO_GPU
@pytest.mark.parametrize(("resources", "given"), [("{'gpu': 1}", ""), ("{'gpu': 0}", "1"), ("{}", "1")])
def test_other_jobs_compute_on_the_cpu(tmp_path, resources, given):
    assert run(tmp_path, "print('computed')", resources, PUSHPULL_GPU_IS_THERE=given).stdout == "computed\n"
