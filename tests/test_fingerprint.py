"""The hash of a stage's code changes when the code's meaning does, and only then."""

import ast
import re
import shutil

import pytest
from pushpull import fingerprint as module
from pushpull.fingerprint import fingerprint
from pushpull.kinds import KINDS, defaults
from pushpull.planning.stages import CHECKED, training_code
from workflow_runs import ROOT

LIBRARY = {
    "__init__.py": "",
    "stage.py": '"""What the stage does."""\n\nfrom pushpull.helpers import tool\n\nLIMIT = 3\n\n\n'
    'def run(x):\n    """Run."""\n    return tool.use(x) + LIMIT  # why\n',
    "helpers/__init__.py": "",
    "helpers/tool.py": "import pushpull.deep\n\n\ndef use(x):\n    return pushpull.deep.VALUE * x\n",
    "deep.py": "VALUE = 2\n",
    "late.py": "def go():\n    from pushpull.hidden import value\n\n    return value\n",
    "hidden.py": "value = 1\n",
    "registry.py": 'LOSSES = {"one": "pushpull.losses:one"}\n',
    "losses.py": "def one(x):\n    return x + 1\n",
    "unrelated.py": "VALUE = 1\n",
    "reader.py": 'from pathlib import Path\n\nWORDS = Path(__file__).with_name("words.yaml").read_text()\n',
    "words.yaml": "words: [one, two]\n",
    "other.yaml": "words: [three]\n",
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A little library in place of the real one: read, hash, and write into by file name."""
    root = tmp_path / "pushpull"
    for name, text in LIBRARY.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(module, "ROOT", root)
    clear()
    yield root
    clear()


def clear() -> None:
    fingerprint.cache_clear()
    module._module.cache_clear()


def change(library, name: str, old: str, new: str) -> None:
    text = (library / name).read_text()
    assert text.count(old) == 1
    (library / name).write_text(text.replace(old, new))
    clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# why", "# another reason"),
        ("  # why", ""),
        ("LIMIT = 3\n", "# three is enough\nLIMIT = 3\n"),
        ("LIMIT = 3\n", "\n\nLIMIT   =   (3)\n"),
        ('"""What the stage does."""', '"""Something else."""'),
        ("LIMIT = 3\n", "LIMIT = 3\nUNUSED = 1\n"),
        ("def run(x):", "def run(x: int) -> int:"),
        ('    """Run."""', '    """Run it.\n\n    Returns:\n        a number\n    """'),
    ],
)
def test_comments_docstrings_annotations_and_what_is_not_used_do_not_count(library, old, new):
    before = fingerprint("stage:run")
    change(library, "stage.py", old, new)
    assert fingerprint("stage:run") == before


@pytest.mark.parametrize("docstring", ['    """Run."""\n', '"""What the stage does."""\n\n'])
def test_adding_or_removing_a_docstring_does_not_count(library, docstring):
    before = fingerprint("stage")
    change(library, "stage.py", docstring, "")
    assert fingerprint("stage") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("+ LIMIT", "- LIMIT"),
        ("tool.use(x)", "tool.use(-x)"),
    ],
)
def test_a_changed_constant_operator_or_statement_counts(library, old, new):
    before = fingerprint("stage")
    change(library, "stage.py", old, new)
    assert fingerprint("stage") != before


@pytest.mark.parametrize(
    ("start", "file", "old", "new"),
    [
        ("stage", "helpers/tool.py", "* x", "+ x"),  # from package import submodule
        ("stage", "deep.py", "2", "3"),  # import package.module, two steps away
        ("late", "hidden.py", "1", "2"),  # import inside a function
        ("registry", "losses.py", "+ 1", "+ 2"),  # a module named in a string
    ],
)
def test_a_change_in_what_the_stage_imports_counts(library, start, file, old, new):
    before = fingerprint(start)
    if old:
        change(library, file, old, new)
    else:
        (library / file).write_text(new)
        clear()
    assert fingerprint(start) != before


def test_a_change_elsewhere_does_not_count(library):
    before = fingerprint("stage"), fingerprint("registry"), fingerprint("late")
    change(library, "unrelated.py", "1", "2")
    assert (fingerprint("stage"), fingerprint("registry"), fingerprint("late")) == before


def test_a_data_file_that_a_module_names_counts_and_another_does_not(library):
    before = fingerprint("reader")
    change(library, "other.yaml", "three", "four")
    assert fingerprint("reader") == before
    change(library, "words.yaml", "two", "four")
    assert fingerprint("reader") != before


def test_modules_that_import_each_other_are_hashed_once(library):
    (library / "deep.py").write_text("import pushpull.stage\n\nVALUE = 2\n")
    clear()
    assert fingerprint("stage") != fingerprint("unrelated")


def test_the_order_of_the_modules_does_not_count(library):
    assert fingerprint("stage", "late") == fingerprint("late", "stage")


def test_a_function_that_moves_to_another_module_does_not_count(library):
    before = fingerprint("stage:run")
    (library / "elsewhere.py").write_text((library / "helpers/tool.py").read_text())
    change(library, "stage.py", "from pushpull.helpers import tool", "from pushpull import elsewhere as tool")
    assert fingerprint("stage:run") == before
    (library / "third.py").write_text("import pushpull.deep\n\n\ndef use(x):\n    return pushpull.deep.VALUE + x\n")
    change(library, "stage.py", "from pushpull import elsewhere as tool", "from pushpull import third as tool")
    assert fingerprint("stage:run") != before


def test_a_name_that_stands_for_another_librarys_function_counts(library):
    (library / "noise.py").write_text("from random import random as draw\n\n\ndef go():\n    return draw()\n")
    clear()
    before = fingerprint("noise:go")
    change(library, "noise.py", "import random as draw", "import gauss as draw")
    assert fingerprint("noise:go") != before


def test_what_is_left_out_does_not_count_nor_what_it_alone_reaches(library):
    before = fingerprint("stage:run", without=("helpers.tool",))
    change(library, "deep.py", "2", "3")
    assert fingerprint("stage:run", without=("helpers.tool",)) == before
    change(library, "stage.py", "+ LIMIT", "- LIMIT")
    assert fingerprint("stage:run", without=("helpers.tool",)) != before


def test_a_start_that_is_nowhere_is_an_error(library):
    for start in ("nowhere", "stage:nothing"):
        with pytest.raises(KeyError):
            fingerprint(start)


def test_every_rule_with_a_script_has_a_fingerprint_of_it():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    rules = re.split(r"^(?:use )?rule ", text, flags=re.MULTILINE)[1:]
    scripts = {path.stem for path in (ROOT / "workflow_scripts").glob("*.py")} - {"estimate", "predict"}
    found = {re.search(r"workflow_scripts/(\w+)\.py", rule)[1] for rule in rules if "script:" in rule}
    assert found == scripts
    assert all("code=" in rule for rule in rules if "script:" in rule)
    for script in scripts:  # whatever a script reaches is found, or this raises
        assert len(fingerprint(f"workflow_scripts.{script}")) == 16


def test_the_library_has_no_relative_or_star_import_which_would_not_be_followed():
    for path in module.ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                assert all(alias.name != "*" for alias in node.names), path


def test_a_change_of_bce_or_of_the_label_distances_retrains_what_uses_them_and_no_other_kind(tmp_path, monkeypatch):
    scripts = tmp_path / "workflow_scripts"
    shutil.copytree(module.ROOT.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    library = scripts / "pushpull"
    monkeypatch.setattr(module, "ROOT", library)
    losses = {"joint": "shared_labels", "contrastive": "msc", "label_wise": "mulcon", "label_distance": "cross_entropy"}

    def codes() -> dict[str, str]:
        clear()
        settings = {kind: defaults(kind) | {"kind": kind, "loss": losses.get(kind, "bce")} for kind in KINDS}
        return {kind: training_code(settings[kind], {"architecture": "text_cnn"}) for kind in KINDS}

    before = codes()
    change(library, "losses/supervised.py", "binary_cross_entropy_with_logits(_wide(logits)", "kl_div(_wide(logits)")
    after = codes()
    touched = {kind for kind in KINDS if before[kind] != after[kind]}
    assert touched == {"supervised", "joint", "label_wise", "finetune"}  # cross-entropy is another function
    before = after
    change(library, "losses/label_distance.py", "(cosines + 1) / 2", "(cosines + 1) / 3")
    assert {kind for kind in KINDS if before[kind] != codes()[kind]} == {"label_distance"}
    before = codes()
    change(library, "evaluation/models/dbc_choice.py", "similarity >=", "similarity >")
    assert {kind for kind in KINDS if before[kind] != codes()[kind]} == {"text_label"}
    before = codes()
    change(library, "evaluation/models/checkpoint_choice.py", "> 0.5)", "> 0.4)")
    assert {kind for kind in KINDS if before[kind] != codes()[kind]} == {"contrastive", "label_wise"}
    before = codes()
    change(library, "encoders/canary.py", "TOLERANCE = 1e-3", "TOLERANCE = 2e-3")
    assert codes() == before
    monkeypatch.undo()
    clear()


def test_a_change_in_what_fetches_and_checks_a_file_fetches_nothing_again(tmp_path, monkeypatch):
    scripts = tmp_path / "workflow_scripts"
    shutil.copytree(module.ROOT.parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "ROOT", scripts / "pushpull")
    clear()
    starts = ("workflow_scripts.download", "data.transfer", "data.archives")
    before = fingerprint(*starts, without=CHECKED)
    path = scripts / "pushpull/data/sources.py"
    assert path.read_text().count("def fetch(") == 1
    path.write_text(path.read_text().replace("def fetch(", "CHANGED = 1\n\n\n@str\ndef fetch(", 1))
    clear()
    assert fingerprint(*starts, without=CHECKED) == before
    monkeypatch.undo()
    clear()
