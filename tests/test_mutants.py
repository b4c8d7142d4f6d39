"""Changes that would falsify results are noticed by the tests that are there to notice them."""

import subprocess
import sys

import pytest
from mutants import MUTANTS
from mutants import __file__ as script


@pytest.mark.slow
def test_every_mutant_fails_its_test():
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert done.stdout.count("noticed: ") == len(MUTANTS)
