"""Our files are UTF-8 whatever the locale, and a terminal that lacks a character ends nothing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_runs import environment

ROOT = Path(__file__).parents[1]
PYTHON = sorted([*(ROOT / "workflow_scripts").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])
RULES = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
LEGACY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT / "workflow_scripts")}
NAME = "financiën − 東 😀"


NO_TEXT = ("os", "tarfile", "packed", "build_opener(_Redirects)")
"""Owners of an `open` that never gives text."""


def opens_text(call: ast.Call) -> bool:
    """Whether a call opens a text, by the name of its function: of pathlib, gzip, subprocess or built in."""
    owner, _, name = ast.unparse(call.func).rpartition(".")
    keys = {key.arg for key in call.keywords}  # None for `**more`
    mode = re.search(r"'[rwxa][bt+]{0,2}'", ast.unparse(call))
    if name == "open" and owner not in NO_TEXT:
        return "b" not in mode[0] if mode else owner != "gzip"
    if name == "read_text" and call.args:  # its first argument is the encoding
        return False
    if name in ("run", "Popen", "check_output"):
        return bool(keys & {"text", "universal_newlines"})
    return name in ("read_text", "write_text")


def unnamed(code: str) -> list[int]:
    """Lines that open a text without naming its encoding."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and opens_text(node)]
    return [call.lineno for call in calls if all(key.arg != "encoding" for key in call.keywords)]


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("path.read_text()", [1]),
        ("path.read_text(encoding='utf-8')", []),
        ("path.open('w', newline='')", [1]),
        ("path.open('rb')", []),
        ("gzip.open(path)", []),
        ("gzip.open(path, 'rt')", [1]),
        ("subprocess.run(command, text=True)", [1]),
    ],
)
def test_the_search_finds_what_it_is_to_find(code, lines):
    assert unnamed(code) == lines


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_file_is_opened_with_its_encoding(path):
    assert unnamed(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_open_no_file(path):
    assert not re.search(r"\b(open|read_text|write_text)\(", path.read_text(encoding="utf-8"))


def python(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(**LEGACY | variables),
        capture_output=True,
        check=False,
    )


def test_a_checkpoint_with_other_letters_is_resumed_in_an_old_locale(tmp_path):
    code = f"""
import sys, torch
from pathlib import Path
from pushpull.training import checkpoint
assert sys.getfilesystemencoding() == "ascii"
model = torch.nn.Linear(2, 2)
optimizer = torch.optim.AdamW(model.parameters())
identity = {{"seed": 1, "facts": {{"label_texts": [{NAME!a}]}}}}
progress = {{"step": 5, "identity": identity, "history": []}}
checkpoint.save(Path("."), checkpoint.state(model, optimizer, {{}}), progress)
assert checkpoint.load(Path("."), model, optimizer, identity)[0]["step"] == 5
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_job_prints_what_the_terminal_lacks_as_numbers_and_logs_it_whole(tmp_path):
    done = python(f"from pushpull.job import job\nwith job('log.txt'):\n    print({NAME!a})\n", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("ascii").strip() == NAME.encode("ascii", "backslashreplace").decode("ascii")
    assert (tmp_path / "log.txt").read_text(encoding="utf-8").strip() == NAME


def test_the_headline_of_a_finished_study_is_printed_in_an_old_locale(tmp_path):
    (tmp_path / "headline.txt").write_text(NAME, encoding="utf-8")
    code = """
from types import SimpleNamespace
from pushpull.job import print_anything
from pushpull.planning.on_error import on_success
print_anything()
on_success(SimpleNamespace(summary="."))
"""
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"financi\\xebn" in done.stdout
