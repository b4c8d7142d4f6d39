"""The guide to own data does what it says: its files, its configuration, its command."""

import csv
import re

import pytest
import yaml
from pushpull.data.facts import facts, problems, readers
from pushpull.planning.config import check
from pushpull.planning.studies import with_studies
from workflow_runs import ROOT, SHIPPED, job_counts, real_run

GUIDE = (ROOT / "docs/own_data.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", GUIDE, re.DOTALL)
FILES = BLOCKS[0][1]
CONFIG = yaml.safe_load(next(text for kind, text in BLOCKS if kind == "yaml"))
READERS = {"csv", "jsonl", "parquet", "datasets", "text_folder"}


def guided(**experiment) -> dict:
    """The configuration of the guide, its experiment changed."""
    study = CONFIG["studies"]["mine"]
    return CONFIG | {"studies": {"mine": study | {"experiments": [study["experiments"][0] | experiment]}}}


def test_the_configuration_of_the_guide_is_valid():
    config = {**SHIPPED, "study": "mine", "datasets": SHIPPED["datasets"] | CONFIG["datasets"]}
    check(with_studies(config | {"studies": CONFIG["studies"]}, ROOT / "studies"))


def test_the_guide_names_every_reader_of_own_data_and_every_key_that_they_take():
    own = {reader for reader in readers() if not facts(reader).licence and not reader.startswith("rcv1")}
    assert own == READERS
    keys = {key for reader in own for key in (*facts(reader).needs, *facts(reader).takes)}
    missing = [word for word in own | keys if not re.search(rf"\b{word}\b", GUIDE)]
    assert not missing


@pytest.mark.parametrize("line", re.findall(r"`((?:files|labels|text|delimiter|split|resplit): [^`]+)`", GUIDE))
def test_what_the_guide_says_of_other_forms_is_taken(line):
    said = yaml.safe_load(line.replace("...", "a.csv", 1).replace("...", "b.csv", 1).replace("...", "c.csv", 1))
    entry = CONFIG["datasets"]["my_reports"] | said
    one_file = isinstance(entry["files"], str)
    entry |= {"split": "fold"} if one_file and "resplit" not in entry else {}
    entry |= {"files": "my/all.csv"} if "split" in entry else {}
    if not isinstance(entry["labels"], str):
        del entry["separator"]
    assert problems(entry) == []


@pytest.mark.slow
def test_the_guide_ends_in_a_report_with_probe_neighbours_and_distances(checkout):
    header, *rows = csv.reader(FILES.strip().splitlines())
    (checkout / "my").mkdir()
    for split, documents in (("train", 60), ("test", 20)):
        with (checkout / f"my/{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            found = [[f"{rows[n % 2][0]} {split} {n}", rows[n % 2][1] if n % 5 else ""] for n in range(documents)]
            csv.writer(stream).writerows([header, *found])
    small = {"max_tokens": 16, "batch_size": 16, "epochs": 1}
    methods = {name: {key: value for key, value in (given or {}).items() if key != "epochs"} for name, given in METHODS}
    config = guided(encoders=["tiny"], settings=small, methods=methods)
    (checkout / "my_reports.yaml").write_text(yaml.safe_dump(config))
    done = real_run(checkout, "--configfile", "my_reports.yaml")
    assert done.returncode == 0, done.stdout[-6000:]
    assert job_counts(done.stdout)["prepare"] == 1
    page = (checkout / "results/mine/report.html").read_text(encoding="utf-8")
    for protocol in ("MSC, linear probe", "MSC, kNN", "MSC, DBC, exact thresholds", "cosine BCE, DBC"):
        assert protocol in page
    assert (checkout / "results/mine/tables/push_pull_table1.md").is_file()


METHODS = CONFIG["studies"]["mine"]["experiments"][0]["methods"].items()
