"""Labels of a user's own texts by a trained run: its classifier, or distance to the label texts (DBC)."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch

from pushpull.data.cleaning import released_cleaning
from pushpull.data.dataset import label_names, read_card
from pushpull.data.remains import without_controls
from pushpull.encoders.encoder import Encoder, Output, embed_blocks, open_encoder, pick_device, text_vectors
from pushpull.encoders.heads import open_classifier
from pushpull.errors import InputError
from pushpull.evaluation.dbc.cosines import cosines
from pushpull.evaluation.dbc.decide import FILE, decide_by, read_thresholds
from pushpull.evaluation.protocols import half, load_embeddings, one_best, require_finite

DATA, METRICS = Path("results/data"), "metrics.csv"
CLASSIFIER = "model/classifier.safetensors"
RULE = "exact"
USAGE = "make predict MODEL=results/runs/DATASET/ENCODER/METHOD/SETTING/seed1 TEXT=my_texts.txt"


class Trained(NamedTuple):
    """A run that predicts: its folder, the encoder, what texts must be made into, and the task and names of labels."""

    folder: Path
    encoder: Encoder
    max_tokens: int
    clean_text: bool
    task: str
    names: list[str]


def open_trained(folder: Path, encoders: Mapping[str, dict]) -> Trained:
    """Open the run in `folder`, with the card of its dataset from results/data.

    Args:
        encoders: `encoders:` of the user's config.yaml, which alone says whether an encoder's own Python code may be
            run; what the folder says does not count.

    Raises:
        InputError: there is no run, its model is gone, it is of kind zero_shot, or its dataset was prepared anew since.
    """
    if not (folder / "run.json").is_file():
        raise InputError(
            f"MODEL={folder}: no run.json there; allowed: the folder of a run, `{USAGE}`; {_made(folder / METRICS)}"
        )
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if record["settings"]["kind"] == "zero_shot":
        raise InputError(f"MODEL={folder}: a zero_shot run predicts nothing new; allowed: runs of all other kinds")
    if not (folder / "model").is_dir():
        raise InputError(f"MODEL={folder}: it has no model; {_made(folder / 'model')}")
    card, settings = read_card(DATA / record["dataset"]), record["settings"]
    if record["data"] != {split: facts["sha256"] for split, facts in card["splits"].items()}:
        raise InputError(
            f"MODEL={folder}: {record['dataset']} was prepared anew since it was trained; {_made(folder / METRICS)}"
        )
    encoder = open_encoder(folder / "model", encoders.get(record["encoder"], {}).get("remote_code", False))
    return Trained(folder, encoder, settings["max_tokens"], settings["clean_text"], card["task"], label_names(card))


def predict(run: Trained, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, float32 [texts, labels], and decisions, bool of the same shape.

    With a classifier, probabilities, and the labels of 0.5 or more. Without, cosines of text and label text, and the
    labels at or above their exact threshold. Of a single-label task always the label with the highest score.

    Raises:
        InputError: a run without a classifier has not been evaluated.
    """
    classifier = run.folder / CLASSIFIER
    return _by_classifier(run, classifier, texts) if classifier.is_file() else _by_distance(run, texts)


def prediction_lines(names: list[str], texts: list[str], scores: np.ndarray, decided: np.ndarray) -> Iterator[str]:
    """Yield a JSON object for each text: {"text": ..., "labels": [{"label": ..., "score": ...}]}, best label first."""
    for text, row, chosen in zip(texts, scores, decided, strict=True):
        columns = np.flatnonzero(chosen)
        best_first = columns[np.argsort(-row[columns], kind="stable")]
        labels = [{"label": names[column], "score": round(float(row[column]), 4)} for column in best_first]
        yield json.dumps({"text": text, "labels": labels}, ensure_ascii=False)


def read_lines(path: Path) -> list[str]:
    """Return the documents of a UTF-8 file, one a line; an empty line is an empty document.

    Raises:
        InputError: the file is missing, not UTF-8, or holds no text.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            texts = [line.rstrip("\n") for line in stream]
    except OSError as error:
        raise InputError(f"TEXT={path}: {error.strerror}; allowed: a text file, one document a line") from None
    except UnicodeDecodeError as error:
        raise InputError(f"TEXT={path}: not UTF-8 ({error.reason}); save it as UTF-8, one document a line") from None
    if not any(text.strip() for text in texts):
        raise InputError(f"TEXT={path}: no text in it; allowed: one document a line")
    return texts


def main(arguments: Sequence[str], encoders: Callable[[], Mapping[str, dict]]) -> int:
    """Print the labels of every text; 1 where the run or the file is missing or wrong.

    Args:
        arguments: folder of the run, file of texts.
        encoders: reads the configuration, as `open_trained` wants it.
    """
    try:
        if len(arguments) != 2 or not all(arguments):
            raise InputError(f"a run and a file are wanted: {USAGE}")
        folder, file = map(Path, arguments)
        texts, run = read_lines(file), open_trained(folder, encoders())
        for line in prediction_lines(run.names, texts, *predict(run, texts)):
            print(line)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _by_classifier(run: Trained, path: Path, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    classifier = open_classifier(path, run.encoder).to(pick_device())
    activate = torch.sigmoid if run.task == "multi" else torch.nn.Softmax(dim=1)
    scores = _outputs(run, texts, len(run.names), lambda features: activate(classifier(features).float()))
    return scores, half(scores, run.task)


def _by_distance(run: Trained, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    labels = run.folder / "dbc/labels.npy"
    for path in (labels, run.folder / "dbc" / FILE):
        if not path.is_file():
            raise InputError(f"{path} is not there: the run is not evaluated yet; {_made(run.folder / METRICS)}")
    cuts = read_thresholds(run.folder / "dbc", run.names)
    vectors = _outputs(run, texts, run.encoder.get_embedding_dimension(), text_vectors)
    scores = cosines(vectors, load_embeddings(labels, len(run.names)))
    return scores, decide_by(RULE, cuts[RULE], scores) if run.task == "multi" else one_best(scores)


def _outputs(run: Trained, texts: list[str], width: int, output: Output) -> np.ndarray:
    """Return what `output` makes of the encoder's features of each text, float32 [texts, width], as rule embed does."""
    texts = [without_controls(text) for text in texts]
    texts = [released_cleaning(text) for text in texts] if run.clean_text else texts
    with TemporaryDirectory() as folder:
        path = Path(folder) / "outputs.npy"
        embed_blocks(run.encoder, [texts], len(texts), run.max_tokens, {path: (width, output)}, "predict")
        found = np.load(path, allow_pickle=False)
    require_finite(found, "what the encoder makes of the texts")
    return found


def _made(path: Path) -> str:
    return f"`snakemake {path} --cores all --config study=STUDY` makes it, with a study that has the run"
