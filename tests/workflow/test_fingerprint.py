"""The hash of a stage's code changes when the code's meaning does, and only then."""

import ast
import re
import shutil

import pytest
from pushpull import fingerprint as module
from pushpull.fingerprint import fingerprint
from pushpull.settings import KINDS, defaults
from pushpull.stages import CHOICE, CHOICE_BY_DBC, EMBEDDING, TRAINING, training_code
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
    module._read.cache_clear()


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
        ('    """Run."""', '    """Run it.\n\n    Returns:\n        a number\n    """'),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(library, old, new):
    before = fingerprint("stage")
    change(library, "stage.py", old, new)
    assert fingerprint("stage") == before


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
        ("LIMIT = 3\n", "LIMIT = 3\nMORE = 1\n"),
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
        ("stage", "helpers/__init__.py", "", "VALUE = 1\n"),  # runs when the submodule is imported
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


def reached(*modules: str) -> set[str]:
    """The library's modules that a fingerprint covers."""
    found, todo = set(), [f"pushpull.{name}" for name in modules]
    while todo:
        name = todo.pop()
        path = module._source(name)
        if path is not None and name not in found:
            found.add(name)
            todo += module._imports(ast.parse(path.read_text()))
    return found


def rules() -> dict[str, tuple[str, list[str]]]:
    """Rule -> (its script, the modules in its fingerprint); rules without a fingerprint are left out."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    found = {}
    for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        call = re.search(r"code_of\((.*?)\)", block, re.DOTALL)
        planned = {"plan.training_code": [*TRAINING, *CHOICE, *CHOICE_BY_DBC], "plan.prepare_code": ["data.prepare"]}
        planned["plan.embedding_code"] = EMBEDDING
        named = [modules for function, modules in planned.items() if f"code={function}," in block]
        modules = re.findall(r'"([\w.]+)"', call[1]) if call else named[0] if named else None
        if modules:
            script = re.search(r'"\.\./(workflow_scripts/\w+\.py)"', block)
            found[block.partition(":")[0]] = (script[1], modules)
    return found


def test_every_rule_that_computes_has_a_fingerprint():
    computing = {"download", "prepare", "train", "finetune", "embed", "evaluate", "zero_shot"}
    computing |= {"inference", "neighbourhoods"}
    assert computing | {"collect", "compare", "table", "figure", "report"} == rules().keys()


@pytest.mark.parametrize("rule", sorted(rules()))
def test_a_rules_fingerprint_names_modules_that_exist_and_covers_what_its_script_imports(rule):
    script, modules = rules()[rule]
    for name in modules:
        assert module._source(f"pushpull.{name}"), f"{name} is no module"
    imported = module._imports(ast.parse((ROOT / script).read_text()))
    # One wraps a job and changes no output; with the other, a file has its checksum or is refused.
    harmless = {"pushpull.job", "pushpull.data.sources"}
    assert {name for name in imported if module._source(name)} - harmless - reached(*modules) == set()


def test_training_depends_on_losses_and_encoders_and_not_on_tables():
    covered = reached(*TRAINING)
    assert {"pushpull.losses.contrastive", "pushpull.losses.supervised", "pushpull.encoders.sentence"} <= covered
    assert not [name for name in covered if name.startswith("pushpull.paper")]


def test_the_library_has_no_relative_or_star_import_which_would_not_be_followed():
    for path in module.ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                assert all(alias.name != "*" for alias in node.names), path


def test_a_change_of_bce_or_of_the_label_distances_retrains_what_uses_them_and_no_other_kind(tmp_path, monkeypatch):
    library = tmp_path / "pushpull"
    shutil.copytree(module.ROOT, library, ignore=shutil.ignore_patterns("__pycache__"))
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
    assert touched == {"supervised", "joint", "label_distance", "label_wise", "finetune"}
    before = after
    change(library, "losses/label_distance.py", "(cosines + 1) / 2", "(cosines + 1) / 3")
    assert {kind for kind in KINDS if before[kind] != codes()[kind]} == {"label_distance"}
    before = codes()
    change(library, "data/label_texts.py", "warning: the labels", "the labels")
    assert {kind for kind in KINDS if before[kind] != codes()[kind]} == {"text_label"}
    before = codes()
    change(library, "encoders/canary.py", "TOLERANCE = 1e-3", "TOLERANCE = 2e-3")
    assert codes() == before
    monkeypatch.undo()
    clear()
