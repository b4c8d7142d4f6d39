"""A checkout works wherever it lies and whichever way it is reached, or says in a line why it does not."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from workflow_runs import TINY_ARGUMENTS, copy_checkout, environment, job_counts, snakemake

IMPORTING = """
configfile: "config.yaml"
module pp:
    snakefile: "{snakefile}"
    config: config
use rule * from pp as pp_*
rule all:
    default_target: True
    input: rules.pp_all.input
"""


def own_python(checkout: Path) -> Path:
    """A virtual environment in the checkout, as `make` has it, with the packages of this one."""
    folder = checkout / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    places = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", vars=places))
    (packages / "all.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin/python"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my folder", "R&D (copy)", 'it\'s "$HOME" #1; 50 %', "back\\slash 東"])
def test_jobs_run_with_python_in_a_folder_of_any_name(tmp_path, name):
    checkout = copy_checkout(tmp_path / name)
    command = [own_python(checkout), "-m", "snakemake", "--cores", "2", *TINY_ARGUMENTS, "--until", "prepare"]
    done = subprocess.run(
        [*map(str, command)], cwd=checkout, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert (checkout / "results/data/tiny/card.json").is_file()


@pytest.mark.parametrize("name", ["{x}", "half{"])
def test_a_folder_with_a_brace_is_refused_before_anything_runs(tmp_path, name):
    checkout = copy_checkout(tmp_path / name)
    done = snakemake(checkout, "-n", "--cores", "1", *TINY_ARGUMENTS)
    assert done.returncode == 1
    assert f"{checkout}: Snakemake cannot work where a path has a brace" in done.stdout


def test_a_checkout_behind_a_symbolic_link_plans_the_same(pristine, quick_plan, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(pristine)
    for place, arguments in ((link, ()), (pristine, ("--snakefile", link / "Snakefile"))):
        done = snakemake(place, "-n", "--cores", "all", *arguments)
        assert job_counts(done.stdout) == job_counts(quick_plan)


@pytest.fixture
def importing(pristine, tmp_path) -> Path:
    """A folder with a workflow that imports this one, beside it the configuration."""
    for name in ("config.yaml", "labels"):
        (tmp_path / name).symlink_to(pristine / name)
    (tmp_path / "Snakefile").write_text(IMPORTING.format(snakefile=pristine / "Snakefile"), encoding="utf-8")
    return tmp_path


def test_another_workflow_that_imports_it_plans_the_same(importing, quick_plan):
    found = job_counts(snakemake(importing, "-n", "--cores", "all").stdout)
    own = {rule: count for rule, count in job_counts(quick_plan).items() if rule != "all"}
    assert found == {f"pp_{rule}": count for rule, count in own.items()} | {"all": 1}


@pytest.mark.slow
def test_another_workflow_that_imports_it_runs_jobs(importing):
    figure = "results/tiny/figures/abalone_figure1.pdf"
    done = snakemake(importing, figure, "--cores", "2", *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout
    assert (importing / figure).is_file()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: f"{text}\nstudy: cpu\n", "the key 'study' stands in line 3 already"),
        (lambda text: text.replace("\nknn:", "\nknn:\n\tk: 3"), "this one has a tab"),
    ],
)
def test_a_configuration_with_a_key_twice_or_a_tab_is_refused_with_its_line(checkout, change, said):
    path = checkout / "config.yaml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = snakemake(checkout, "-n", "--cores", "1")
    assert done.returncode == 1
    assert "config.yaml is no YAML: line " in done.stdout
    assert said in done.stdout


def test_a_further_file_with_a_key_twice_is_refused_and_a_byte_order_mark_is_none_of_the_text(checkout, quick_plan):
    (checkout / "twice.yaml").write_text("knn:\n  k: 3\n  k: 5\n", encoding="utf-8")
    done = snakemake(checkout, "-n", "--cores", "1", "--configfile", "twice.yaml")
    assert "twice.yaml is no YAML: line 3: the key 'k' stands in line 2 already" in done.stdout
    path = checkout / "config.yaml"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert job_counts(snakemake(checkout, "-n", "--cores", "all").stdout) == job_counts(quick_plan)
