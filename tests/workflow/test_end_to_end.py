"""Real runs with a tiny encoder. One full run serves all tests; a test that goes on from it works on a copy.

With pytest-xdist use `--dist loadfile`, else each worker makes the full run.
"""

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from workflow_runs import (
    ARTEFACTS,
    TINY,
    Job,
    command,
    copy_checkout,
    dry_run,
    environment,
    files_below,
    job_counts,
    planned,
    snakemake,
)

pytestmark = pytest.mark.slow

TINY_ARGUMENTS = ("--configfile", TINY)
HEADER = ["paper", "dataset", "encoder", "method", "setting", "seed", "protocol", "split", "metric", "value"]
SHARES = {"micro_f1", "macro_f1", "hamming_loss", "accuracy"}
METHODS = ("pretrained", "bce", "base", "msc", "base_ft", "msc_ft")
PROTOCOLS = {
    "linear_probe": {"half"},
    "classifier": {"half"},
    "knn": {"half"},
    "dbc": {"fixed", "one", "per_label", "exact"},
}


def real_run(folder: Path, *arguments, cores: int = 2, **more: str) -> subprocess.CompletedProcess:
    return snakemake(folder, "--cores", str(cores), *arguments, **more)


def read_metrics(folder: Path) -> list[dict[str, str]]:
    with (folder / "results/tiny/metrics.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def run_folder(folder: Path, method: str, dataset: str = "tiny") -> Path:
    (found,) = (folder / f"results/runs/{dataset}/tiny/{method}").glob("*/seed1")
    return found


def edit(folder: Path, module: str, old: str, new: str) -> None:
    path = folder / "workflow_scripts/pushpull" / module
    text = path.read_text()
    assert text.count(old) == 1, f"{module} has {text.count(old)} times {old!r}; choose another place to edit"
    path.write_text(text.replace(old, new))


def of_rule(jobs: list[Job], rule: str) -> set[str]:
    return {job.wildcards()["method"] for job in jobs if job.rule == rule}


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A checkout in which the study `tiny` has run; not to be changed."""
    folder = copy_checkout(tmp_path_factory.mktemp("finished") / "checkout")
    done = real_run(folder, *TINY_ARGUMENTS)
    assert done.returncode == 0, done.stdout[-8000:]
    (folder / "printed.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def again(finished, tmp_path) -> Path:
    """A copy of the finished checkout, times of files included."""
    return shutil.copytree(finished, tmp_path / "checkout")


def test_a_run_makes_every_table_figure_and_the_report(finished):
    study = finished / "results/tiny"
    for name in ARTEFACTS:
        room, suffixes = ("tables", ("csv", "md", "tex")) if "table" in name else ("figures", ("pdf", "png"))
        for suffix in suffixes:
            assert (study / room / f"{name}.{suffix}").stat().st_size > 0
    assert "<html" in (study / "report.html").read_text()[:500]
    headline = (study / "headline.txt").read_text()
    assert headline.strip()
    assert headline in (finished / "printed.txt").read_text()


def test_a_run_leaves_no_temporary_file_and_no_checkpoint(finished):
    strange = [path for path in files_below(finished / "results") if path.name.endswith((".part", ".rejected"))]
    assert strange == []
    assert list((finished / "results").rglob("checkpoints")) == []


def test_the_metrics_file_has_the_contracted_columns_and_every_run(finished):
    with (finished / "results/tiny/metrics.csv").open(newline="") as stream:
        assert next(csv.reader(stream)) == HEADER
    rows = read_metrics(finished)
    assert {(row["dataset"], row["method"]) for row in rows} == {
        *(("tiny", method) for method in METHODS),
        ("tiny_single", "bce"),
        ("tiny_single", "msc"),
    }
    assert {row["split"] for row in rows} == {"validation", "test"}
    assert {row["paper"] for row in rows} == {"abalone"}
    assert {row["seed"] for row in rows} == {"1"}
    keys = [tuple(row[name] for name in HEADER[:-1]) for row in rows]
    assert len(keys) == len(set(keys))


def test_every_protocol_of_a_method_is_measured_on_both_splits(finished):
    trained_head, probed = {"classifier"}, {"linear_probe"}
    common = {"knn", "dbc_fixed", "dbc_one", "dbc_per_label", "dbc_exact"}
    rows = read_metrics(finished)
    for method in METHODS:
        first = trained_head if method in ("bce", "base_ft", "msc_ft") else probed
        for split, more in (("validation", set()), ("test", {"clustering"})):
            found = {
                row["protocol"]
                for row in rows
                if (row["dataset"], row["method"], row["split"]) == ("tiny", method, split)
            }
            assert found == first | common | more


def test_values_are_finite_and_shares_lie_between_0_and_1(finished):
    rows = read_metrics(finished)
    values = {tuple(row[name] for name in HEADER[:-1]): float(row["value"]) for row in rows}
    assert len(values) > 500
    for key, value in values.items():
        *run, protocol, split, metric = key
        stem = metric.removesuffix("_low").removesuffix("_high")
        if stem in SHARES:
            assert 0 <= value <= 1, key
        if metric in ("micro_f1", "macro_f1"):
            low, high = (values[(*run, protocol, split, f"{metric}_{end}")] for end in ("low", "high"))
            assert low <= high, key
        if metric.startswith(("clusters@", "documents@")):
            assert value == int(value) > 0, key
        if metric.startswith("silhouette@"):
            assert not abs(value) > 1, key
        share = metric.partition("@")[2]
        if share and values[(*run, protocol, split, f"clusters@{share}")] < 2:  # nothing to tell apart
            assert metric.startswith(("clusters", "documents")) or math.isnan(value), key
        else:
            assert math.isfinite(value), key


def test_a_single_label_dataset_has_accuracy_equal_to_micro_f1(finished):
    rows = [row for row in read_metrics(finished) if row["protocol"] != "clustering"]
    accuracies = {}
    for row in rows:
        key = tuple(row[name] for name in HEADER[:-2])
        accuracies.setdefault(key, {})[row["metric"]] = row["value"]
    single = {key: found for key, found in accuracies.items() if key[1] == "tiny_single"}
    assert len(single) == 2 * 6 * 2  # methods, protocols, splits
    for found in single.values():  # one label a document and one decided: both are the share that is right
        assert float(found["accuracy"]) == pytest.approx(float(found["micro_f1"]), abs=1e-12)
    assert all("accuracy" not in found for key, found in accuracies.items() if key[1] == "tiny")


@pytest.mark.parametrize("method", METHODS)
def test_a_run_is_recorded_with_settings_code_data_and_versions(finished, method):
    record = json.loads((run_folder(finished, method) / "run.json").read_text())
    card = json.loads((finished / "results/data/tiny/card.json").read_text())
    assert (record["dataset"], record["encoder"], record["method"], record["seed"]) == ("tiny", "tiny", method, 1)
    assert record["settings"]["max_tokens"] == 16
    assert len(record["code"]) == 16
    assert record["data"] == {split: facts["sha256"] for split, facts in card["splits"].items()}
    assert {"torch", "transformers", "numpy"} <= record["versions"].keys()
    assert record["encoder_card"]["pooling"] == "mean"
    if method != "pretrained":
        assert record["settings"]["epochs"] == 1
    if method.endswith("_ft"):
        assert record["parent_setting"] == run_folder(finished, method.removesuffix("_ft")).parent.name


@pytest.mark.parametrize("method", METHODS)
def test_a_run_leaves_the_contracted_arrays(finished, method):
    run, labels = run_folder(finished, method), json.loads((finished / "results/data/tiny/card.json").read_text())
    documents = {split: facts["documents"] for split, facts in labels["splits"].items()}
    number = len(labels["labels"])
    vectors = {name: np.load(run / f"embeddings/{name}.npy", allow_pickle=False) for name in (*documents, "labels")}
    assert {name: array.shape for name, array in vectors.items()} == {
        name: (count, 32) for name, count in {**documents, "labels": number}.items()
    }
    for array in vectors.values():
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert len(np.unique(array, axis=0)) > 1
    for protocol in ("classifier" if method in ("bce", "base_ft", "msc_ft") else "linear_probe", "knn", "dbc"):
        with np.load(run / protocol / "decisions.npz", allow_pickle=False) as decisions:
            splits = ("validation", "test")
            assert set(decisions) == {f"{split}/{rule}" for split in splits for rule in PROTOCOLS[protocol]}
            for split in splits:
                scores = np.load(run / protocol / f"{split}.npy", allow_pickle=False)
                assert scores.dtype == np.float32
                assert scores.shape == (documents[split], number)
                assert scores.min() >= 0
                assert scores.max() <= 1
                for rule in PROTOCOLS[protocol]:
                    decided = decisions[f"{split}/{rule}"]
                    assert decided.dtype == np.bool_
                    assert decided.shape == scores.shape


def test_a_model_folder_opens_with_sentence_transformers_and_encodes_as_embedded(finished):
    from pushpull.data.dataset import read_texts
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer

    run = run_folder(finished, "bce")
    model = SentenceTransformer(str(run / "model"), device="cpu")
    model.max_seq_length = 16
    found = model.encode(read_texts(finished / "results/data/tiny", "test"), show_progress_bar=False)
    np.testing.assert_allclose(found, np.load(run / "embeddings/test.npy"), atol=1e-5)
    layer = load_file(run / "model/classifier.safetensors")
    assert layer["weight"].shape == (24, 32)
    assert layer["bias"].shape == (24,)


def test_tables_and_headline_call_datasets_by_their_own_titles(finished):
    """The dataset and the encoder of this study have the same name, `tiny`, but not the same title."""
    study = finished / "results/tiny"
    for text in ((study / "headline.txt").read_text(), (study / "tables/abalone_table3.md").read_text()):
        assert "Tiny reports" in text
        assert "Tiny requests" in text


def test_training_moves_the_weights(finished):
    untrained = np.load(run_folder(finished, "pretrained") / "embeddings/test.npy")
    for method in METHODS[1:]:
        assert not np.allclose(untrained, np.load(run_folder(finished, method) / "embeddings/test.npy"), atol=1e-3)


def test_the_second_run_has_nothing_to_do(again):
    done = real_run(again, *TINY_ARGUMENTS)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_a_comment_or_a_docstring_in_the_library_retrains_nothing(again):
    edit(again, "losses/contrastive.py", "import math\n", "# a comment\n\nimport math\n")
    edit(again, "losses/contrastive.py", '"""Sizes of intersection', '"""The sizes of intersection')
    edit(again, "training/loop.py", "import math\n", "import math  # another comment\n")
    assert "Nothing to be done" in dry_run(again, *TINY_ARGUMENTS)


def test_a_changed_formula_plans_training_and_what_follows_and_no_new_data(again):
    edit(again, "losses/contrastive.py", "(1.0 if prototypes else 0.0)", "(2.0 if prototypes else 0.0)")
    printed = dry_run(again, *TINY_ARGUMENTS)
    jobs, counts = planned(printed), job_counts(printed)
    assert of_rule(jobs, "train") >= {"base", "msc"}
    assert of_rule(jobs, "finetune") == {"base_ft", "msc_ft"}
    assert {"prepare", "download"}.isdisjoint(counts)
    assert counts["collect"] == counts["report"] == 1
    reasons = [job.facts["reason"] for job in jobs if job.rule == "train"]
    assert all(reason.startswith(("Params have changed", "Code has changed")) for reason in reasons), reasons


def test_a_changed_contrastive_formula_leaves_supervised_and_untrained_runs_alone(again):
    edit(again, "losses/contrastive.py", "(1.0 if prototypes else 0.0)", "(2.0 if prototypes else 0.0)")
    assert of_rule(planned(dry_run(again, *TINY_ARGUMENTS)), "train") == {"base", "msc"}


def test_a_change_in_the_tables_retrains_nothing(again):
    edit(again, "paper/writing.py", "def write_table(", "UNUSED = 1\n\n\ndef write_table(")
    counts = job_counts(dry_run(again, *TINY_ARGUMENTS))
    assert set(counts) <= {"table", "report", "all"}
    assert counts["table"] == 4


def test_one_table_is_written_again_after_its_files_are_deleted(again):
    tables = again / "results/tiny/tables"
    before = {suffix: (tables / f"abalone_table3.{suffix}").read_bytes() for suffix in ("csv", "md", "tex")}
    for suffix in before:
        (tables / f"abalone_table3.{suffix}").unlink()
    done = real_run(again, *TINY_ARGUMENTS, "abalone_table3")
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout) == {"table": 1, "abalone_table3": 1}
    assert {suffix: (tables / f"abalone_table3.{suffix}").read_bytes() for suffix in before} == before


def test_every_figure_and_table_is_the_same_when_made_again(again):
    study = again / "results/tiny"
    before = {
        name: (study / name).read_bytes() for name in files_below(study) if name.suffix in (".md", ".tex", ".csv")
    }
    done = real_run(again, *TINY_ARGUMENTS, "--forcerun", "collect", "--until", "table")
    assert done.returncode == 0, done.stdout
    assert {name: (study / name).read_bytes() for name in before} == before


def write_corpus(path: Path, documents: int, columns: tuple[str, str] = ("body", "topics")) -> None:
    """A CSV as a spreadsheet writes it: quoted commas, line breaks in cells, letters beyond ASCII, empty labels."""
    topics = {"trade": "export tariffs, cargo", "weather": "naïve forecast of rain", "health": 'the "old"\nclinic'}
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["number", *columns])
        for number in range(documents):
            chosen = [name for bit, name in enumerate(topics) if number % 8 >> bit & 1]
            text = " ".join(topics[name] for name in chosen) or "nothing"
            writer.writerow([number, f"{text} {number}", " ; ".join(chosen)])


def with_own_files(folder: Path) -> Path:
    """A configuration file that adds the user's CSV and an experiment to the study, and nothing else."""
    config = yaml.safe_load(TINY.read_text())
    experiment = config["studies"]["tiny"]["experiments"][0] | {"datasets": ["mine"]}
    experiment["methods"] = {"pretrained": None, "bce": None}
    entry = {
        "title": "My reports",
        "task": "multi",
        "reader": "csv",
        "files": {"train": "my/train.csv", "test": "my/test.csv"},
        "text": "body",
        "labels": "topics",
        "validation": 0.25,
    }
    experiments = [*config["studies"]["tiny"]["experiments"], experiment]
    extra = {"datasets": {"mine": entry}, "studies": {"tiny": {"experiments": experiments}}}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(extra))
    (folder / "my").mkdir()
    return path


def test_a_users_own_csv_runs_through_everything_and_no_other_run_again(again):
    extra = with_own_files(again)
    write_corpus(again / "my/train.csv", 64)
    write_corpus(again / "my/test.csv", 24)
    before = {
        path: (again / "results/runs/tiny" / path).stat().st_mtime_ns
        for path in files_below(again / "results/runs/tiny")
    }
    done = real_run(again, "--configfile", TINY, extra)
    assert done.returncode == 0, done.stdout[-8000:]
    counts = job_counts(done.stdout)
    assert {rule: counts.get(rule, 0) for rule in ("prepare", "train", "finetune", "embed", "metrics")} == {
        "prepare": 1,
        "train": 2,
        "finetune": 0,
        "embed": 2,
        "metrics": 2,
    }
    after = {path: (again / "results/runs/tiny" / path).stat().st_mtime_ns for path in before}
    assert after == before
    card = json.loads((again / "results/data/mine/card.json").read_text())
    assert {label["name"] for label in card["labels"]} == {"trade", "weather", "health"}
    assert card["splits"]["train"]["documents"] + card["splits"]["validation"]["documents"] == 64
    assert {row["method"] for row in read_metrics(again) if row["dataset"] == "mine"} == {"pretrained", "bce"}
    assert "My reports" in (again / "results/tiny/tables/abalone_table3.md").read_text()


def test_a_csv_without_the_column_is_refused_with_the_columns_that_exist(checkout):
    extra = with_own_files(checkout)
    write_corpus(checkout / "my/train.csv", 64, columns=("text", "subject"))
    write_corpus(checkout / "my/test.csv", 24)
    done = real_run(checkout, "--configfile", TINY, extra, "results/data/mine/card.json")
    assert done.returncode == 1
    assert "my/train.csv, line 2: no column 'body' (text:); there are: number, text, subject" in done.stdout
    assert "Traceback" not in done.stdout
    assert not list((checkout / "results").rglob("*.parquet"))


def test_an_own_file_that_is_missing_is_named_before_anything_runs(checkout):
    extra = with_own_files(checkout)
    write_corpus(checkout / "my/train.csv", 64)
    done = real_run(checkout, "--configfile", TINY, extra)
    assert done.returncode == 1
    assert "my/test.csv" in done.stdout
    assert not (checkout / "results").exists()


def test_a_file_missing_in_the_mirror_is_named_with_its_address_and_place(checkout, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    arguments = (*TINY_ARGUMENTS, "--retries", "0", "results/data/semeval2018/card.json")
    done = real_run(checkout, *arguments, PUSHPULL_MIRROR=str(mirror))
    assert done.returncode == 1
    assert "https://saifmohammad.com/WebDocs/AIT-2018/AIT2018-DATA/SemEval2018-Task1-all-data.zip" in done.stdout
    assert str(mirror / "semeval2018_task1_ec/SemEval2018-Task1-all-data.zip") in done.stdout
    assert "Traceback" not in done.stdout
    assert not (checkout / "results/data/semeval2018/raw/manifest.json").exists()


def test_ctrl_c_in_training_leaves_no_half_output_and_the_next_run_goes_on(again):
    run = "results/runs/tiny/tiny/bce/lr0.001_ep120_tok16_hlr0.01_bs16/seed1"
    extra = {"studies": {"tiny": {"experiments": yaml.safe_load(TINY.read_text())["studies"]["tiny"]["experiments"]}}}
    extra["studies"]["tiny"]["experiments"][0]["settings"]["epochs"] = 120
    (again / "long.yaml").write_text(yaml.safe_dump(extra))
    arguments = ("--configfile", TINY, "long.yaml", "--cores", "1", f"{run}/run.json")
    log = again / run.replace("results/runs", "logs/train")
    log = log.with_name(f"{log.name}.log")

    with (again / "first.txt").open("w") as printed:
        process = subprocess.Popen(
            command(*arguments), cwd=again, env=environment(), stdout=printed, stderr=printed, start_new_session=True
        )
        deadline = time.monotonic() + 120
        while not (log.is_file() and "epoch 2:" in log.read_text()):
            assert process.poll() is None, (again / "first.txt").read_text()
            assert time.monotonic() < deadline, "training did not begin"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) != 0

    assert "stopped by signal 2" in log.read_text()
    left = {path.parts[0] for path in files_below(again / run)}
    assert left == {"checkpoints"}
    done = snakemake(again, *arguments)
    assert done.returncode == 0, done.stdout
    resumed = log.read_text()
    assert "resuming at step" in resumed
    assert "epoch 1:" not in resumed
    with (again / run / "history.csv").open(newline="") as stream:
        assert [int(row["epoch"]) for row in csv.DictReader(stream)] == list(range(1, 121))
    assert not (again / run / "checkpoints").exists()
