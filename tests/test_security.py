"""Nothing that is read can run code, and no name becomes a path or a command of somebody else's choice."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from config_mistakes import SHIPPED, complaint
from pushpull.data.facts import facts, published, readers
from pushpull.data.sources import fetch, may_download
from pushpull.encoders.encoder import open_encoder, save_encoder
from pushpull.errors import InputError
from pushpull.evaluation.protocols import load_embeddings, read_array
from sentence_transformers.sentence_transformer.modules import Dense
from workflow_runs import ROOT, copy_checkout, snakemake

LIBRARY = sorted((ROOT / "workflow_scripts").rglob("*.py"))
RULES = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
UNSAFE_MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "torch.load", "yaml.load"}
UNSAFE_CALLS |= {"yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "pd.read_pickle", "pandas.read_pickle"}
UNSAFE_CALLS |= {"tarfile.extractall", "shutil.unpack_archive", "tempfile.mktemp", "subprocess.getoutput"}
PUBLISHED = [reader for reader in readers() if facts(reader).sources]
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def unsafe(code: str) -> list[str]:
    """What in a module's code could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(code)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"import {name}" for name in names if name.partition(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.Call):
            name, given = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            if name == "torch.load" and given.get("weights_only") == "True":
                continue  # tensors alone, by torch's own reader
            if name in UNSAFE_CALLS or name.endswith(".extractall") or given.get("shell", "False") != "False":
                found.append(ast.unparse(node))
            if name.endswith(("np.load", "numpy.load")) and given.get("allow_pickle") != "False":
                found.append(ast.unparse(node))
            if given.get("allow_pickle", "False") != "False" or given.get("trust_remote_code") == "True":
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "yaml.load(text, yaml.Loader)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.save(path, x, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
        "eval(text)",
        "tar.extractall(folder)",
        "SentenceTransformer(name, trust_remote_code=True)",
    ],
)
def test_the_search_finds_what_it_looks_for(code):
    assert unsafe(code)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT / "workflow_scripts")))
def test_no_code_of_ours_can_run_what_it_reads(path):
    assert not unsafe(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_start_scripts_only(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(shell|run|notebook|wrapper|cwl)\s*:", text, re.MULTILINE)
    assert not re.search(r"\b(pickle|eval|exec|os\.system|subprocess|shell)\s*\(", text)


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple:
        return Path.mkdir, (self.place,)


@pytest.mark.parametrize("read", [load_embeddings, read_array])
def test_a_pickled_object_in_place_of_numbers_is_refused_and_not_run(tmp_path, read):
    place, path = tmp_path / "made", tmp_path / "test.npy"
    np.save(path, np.array([Payload(place)], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"test\.npy is damaged .* run the same command again"):
        read(path)
    assert not place.exists()
    np.load(path, allow_pickle=True)
    assert place.exists(), "the file was harmless, and proves nothing"


@pytest.mark.parametrize("part", [".", "2_Dense"])
def test_a_model_with_pickled_weights_is_refused_and_they_are_not_opened(tiny_encoder, tmp_path, part):
    place, folder = tmp_path / "made", tmp_path / "model"
    tiny_encoder.behind.append(Dense(32, 12))
    save_encoder(tiny_encoder, folder)
    assert open_encoder(folder).get_embedding_dimension() == 12
    (folder / part / "model.safetensors").unlink()
    torch.save({"weight": Payload(place)}, folder / part / "pytorch_model.bin")
    with pytest.raises(
        InputError, match=r"pytorch_model\.bin: pickled weights can run code.*run the same command again"
    ):
        open_encoder(folder)
    assert not place.exists()


@pytest.mark.parametrize("name", ["x; touch y", "../x", "a b", "x$(touch y)", "/x", "x\ny", "x\n", "X", "", 1])
@pytest.mark.parametrize("part", ["datasets", "encoders", "methods", "studies"])
def test_a_name_that_is_no_name_is_refused_with_the_letters_allowed(part, name):
    entries = SHIPPED[part] | {name: next(iter(SHIPPED[part].values()))}
    said = complaint(SHIPPED | {part: entries})
    assert f"{part}: {name!r} is no name" in said
    assert "allowed: small letters, digits and _" in said


def test_snakemake_runs_nothing_that_a_configuration_names(tmp_path):
    checkout = copy_checkout(tmp_path / "checkout")
    entry = SHIPPED["datasets"]["semeval2018"]
    (checkout / "named.yaml").write_text(yaml.safe_dump({"datasets": {"x; touch y": entry, "../x": entry}}))
    done = snakemake(checkout, "--cores", "1", "--configfile", "named.yaml")
    assert done.returncode != 0
    assert "datasets: 'x; touch y' is no name" in done.stdout
    assert "datasets: '../x' is no name" in done.stdout
    assert "Traceback" not in done.stdout
    with (checkout / "config.yaml").open("a") as stream:
        stream.write("\nmirror: !!python/object/apply:os.mkdir [made]\n")
    done = snakemake(checkout, "--cores", "1")
    assert done.returncode != 0
    assert "config.yaml is no YAML" in done.stdout
    assert not {path.name for path in checkout.iterdir()} & {"y", "made", "results"}
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_what_is_downloaded_comes_over_https_or_has_a_checksum_or_is_never_asked_for(dataset, tmp_path):
    source = published({"reader": dataset})
    files = [(item, file) for item in source["sources"] for file in (item.get("members") or {"": item}).values()]
    if not all(may_download(item["url"], file.get("sha256")) for item, file in files):
        with pytest.raises(InputError, match="whose checksum is not known are not fetched over http"):
            fetch(dataset, source, tmp_path / "raw", None, tmp_path / "record.json")


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_has_one_version(name):
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    wanted = [line for line in lines if line and line != "-r requirements.txt"]
    assert len(wanted) >= 4
    assert not [line for line in wanted if not re.fullmatch(r"[a-z0-9-]+==\d+(\.\d+)+", line)]
