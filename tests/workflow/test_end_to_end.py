"""What a real run of the study `tiny` leaves: files, columns, shapes, ranges, records."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from pushpull.data.dataset import read_texts
from pushpull.files import sha256
from workflow_runs import ARTEFACTS, files_below, read_metrics

pytestmark = pytest.mark.slow

HEADER = ["paper", "dataset", "encoder", "method", "setting", "seed", "protocol", "split", "metric", "value"]
SHARES = {"micro_f1", "macro_f1", "hamming_loss", "accuracy"}
METHODS = ("pretrained", "bce", "base", "msc", "base_ft", "msc_ft")
PROTOCOLS = {
    "linear_probe": {"half"},
    "classifier": {"half"},
    "knn": {"half", "mixed"},
    "dbc": {"fixed", "one", "one_macro", "per_label", "exact", "joint", "folds", "shrunk", "exact_top1"},
}


def run_folder(folder: Path, method: str, dataset: str = "tiny") -> Path:
    (found,) = (folder / f"results/runs/{dataset}/tiny/{method}").glob("*/seed1")
    return found


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


def test_the_manifest_names_every_run_with_its_code_and_the_checksums_of_the_data(finished):
    manifest = json.loads((finished / "results/tiny/manifest.json").read_text())
    found = {path: run["code"] for path, run in manifest["runs"].items()}
    recorded = {path.parent: json.loads(path.read_text()) for path in finished.glob("results/runs/**/run.json")}
    assert found == {str(path.relative_to(finished)): record["code"] for path, record in recorded.items()}
    hours = sum(record["wall_seconds"] for record in recorded.values()) / 3600
    assert manifest["training_hours"] == pytest.approx(hours, abs=1e-4)
    for name, card in manifest["datasets"].items():
        for split, facts in card["splits"].items():
            assert facts["sha256"] == sha256(finished / f"results/data/{name}/{split}.parquet")


def test_a_run_leaves_no_temporary_file_and_no_checkpoint(finished):
    strange = [path for path in files_below(finished / "results") if path.name.endswith((".part", ".rejected"))]
    assert strange == []
    assert list((finished / "results").rglob("checkpoints")) == []


def test_the_metrics_file_has_the_contracted_columns_and_every_run(finished):
    with (finished / "results/tiny/metrics.csv").open(newline="") as stream:
        assert next(csv.reader(stream)) == HEADER
    rows = read_metrics(finished)
    assert {(row["dataset"], row["encoder"], row["method"]) for row in rows} == {
        *(("tiny", "tiny", method) for method in METHODS),
        ("tiny_single", "tiny", "bce"),
        ("tiny_single", "tiny", "msc"),
        ("tiny", "tiny_cnn", "bce"),
        ("tiny", "tiny_cnn", "joint"),
        ("tiny", "tiny_ldgn", "joint"),
        ("tiny_single", "tiny_cnn", "cross_entropy"),
        ("tiny_single", "tiny_cnn", "clld_adaptive"),
        ("tiny", "tiny", "text_to_label"),
        ("tiny", "tiny", "cosine_bce"),
    }
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["protocol"] for row in rows if row["split"] == "train"} == {"training"}
    assert {(row["paper"], row["encoder"]) for row in rows} == {
        ("abalone", "tiny"),
        ("knn_mltc", "tiny_cnn"),
        ("knn_mltc", "tiny_ldgn"),
        ("clld", "tiny_cnn"),
        ("push_pull", "tiny"),
    }
    assert {row["seed"] for row in rows} == {"1"}
    keys = [tuple(row[name] for name in HEADER[:-1]) for row in rows]
    assert len(keys) == len(set(keys))


def test_every_protocol_of_a_method_is_measured_on_both_splits(finished):
    trained_head, probed = {"classifier"}, {"linear_probe"}
    neighbours = {"neighbours"}  # of those with a classifier, as kNN-MLTC looks at them
    common = {"knn", "knn_mixed", *(f"dbc_{rule}" for rule in PROTOCOLS["dbc"])}
    rows = read_metrics(finished)
    for method in METHODS:
        first = trained_head | neighbours if method in ("bce", "base_ft", "msc_ft") else probed
        history = set() if method == "pretrained" else {"training"}
        for split, more in (("validation", history), ("test", {"clustering"})):
            found = {
                row["protocol"]
                for row in rows
                if (row["encoder"], row["dataset"], row["method"], row["split"]) == ("tiny", "tiny", method, split)
            }
            assert found == first | common | more


def test_values_are_finite_and_shares_lie_between_0_and_1(finished):
    rows = read_metrics(finished)
    values = {tuple(row[name] for name in HEADER[:-1]): float(row["value"]) for row in rows}
    assert len(values) > 500
    for key, value in values.items():
        *run, protocol, split, metric = key
        if protocol == "training":
            assert math.isfinite(value), key
            continue
        stem = metric.removesuffix("_low").removesuffix("_high")
        if stem in SHARES:
            assert 0 <= value <= 1, key
        if protocol == "neighbours":
            assert 0 <= value <= 1, key
            continue
        if metric.startswith(("threshold", "macro_f1@")):
            assert -1 <= value <= 1, key
            continue
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
    rows = [row for row in read_metrics(finished) if row["protocol"] not in ("clustering", "training", "neighbours")]
    accuracies = {}
    for row in rows:
        key = tuple(row[name] for name in HEADER[:-2])
        accuracies.setdefault(key, {})[row["metric"]] = row["value"]
    single = {key: found for key, found in accuracies.items() if key[1] == "tiny_single"}
    assert len(single) == 4 * 4 * 2  # methods, protocols, splits
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


@pytest.mark.parametrize(("encoder", "width"), [("tiny_cnn", 3 * 8), ("tiny_ldgn", 16)])
def test_a_word_encoder_runs_through_every_protocol_and_its_datastore_opens(finished, encoder, width):
    from pushpull.encoders.encoder import embed, open_encoder, tokenise
    from pushpull.evaluation.datastore import open_datastore

    (run,) = (finished / f"results/runs/tiny/{encoder}/joint").glob("*/seed1")
    stored = np.load(run / "embeddings/test.npy", allow_pickle=False)
    model = open_encoder(run / "model")
    texts = read_texts(finished / "results/data/tiny", "test")
    np.testing.assert_allclose(embed(model, tokenise(model, texts, 16), "cpu"), stored, atol=1e-5)
    datastore, labels = open_datastore(run / "datastore", width)
    np.testing.assert_array_equal(datastore.vectors, np.load(run / "embeddings/train.npy", allow_pickle=False))
    assert labels.shape == (60, 24)


def test_neighbours_and_inference_are_measured_for_knn_mltc(finished):
    rows = read_metrics(finished)
    assert {"tiny_cnn", "tiny_ldgn"} <= {row["encoder"] for row in rows if row["protocol"] == "neighbours"}
    timed = list((finished / "results/runs").rglob("inference.json"))
    assert {path.parts[-5:-3] for path in timed} == {("tiny_cnn", "joint"), ("tiny_ldgn", "joint")}
    for path in timed:
        assert all(value > 0 for value in json.loads(path.read_text())["metrics"].values())
    with (finished / "results/tiny/neighbourhoods/knn_mltc_figure3.csv").open(newline="") as stream:
        places = list(csv.DictReader(stream))
    assert {(row["encoder"], row["method"]): row["document"] for row in places}.keys() == {
        ("tiny_cnn", "bce"),
        ("tiny_cnn", "joint"),
        ("tiny_ldgn", "joint"),
    }
    assert len({row["document"] for row in places}) == 1


def test_the_label_distances_of_an_adaptive_run_are_kept_and_have_moved(finished):
    (run,) = (finished / "results/runs/tiny_single/tiny_cnn/clld_adaptive").glob("*/seed1")
    with (run / "model/label_distances.csv").open(newline="", encoding="utf-8") as stream:
        names, *rows = list(csv.reader(stream))
    card = json.loads((finished / "results/data/tiny_single/card.json").read_text())
    assert names == [label["name"] for label in card["labels"]]
    distances = np.array(rows, float)
    assert distances.shape == (len(names), len(names))
    first = json.loads((run / "run.json").read_text())["chosen_epoch"] == 1  # trained before the first update
    assert distances.min() == 1.0
    assert distances.max() == 1.0 if first else 1 < distances.max() <= 5
