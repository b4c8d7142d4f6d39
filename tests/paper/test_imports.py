import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("pushpull.paper.names", {"pandas", "matplotlib", "numpy"}),
        ("pushpull.paper.collect", {"pandas", "matplotlib", "numpy"}),
        ("pushpull.paper.abalone", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.knn_mltc", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.clld", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.push_pull", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.clld_figures", {"torch", "sklearn"}),
        ("pushpull.paper.push_pull_figures", {"torch", "sklearn"}),
        ("pushpull.paper.knn_mltc_figures", {"torch", "sklearn"}),
        ("pushpull.paper.comparisons", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.report", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.paper.registry", {"torch", "sklearn", "seaborn", "matplotlib", "pandas"}),
        ("pushpull.paper.abalone_figures", {"torch", "sklearn"}),
    ],
)
def test_a_module_stays_light(module, forbidden):
    code = f"import sys, {module}; print(*({{name.split('.')[0] for name in sys.modules}} & {forbidden!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == ""
