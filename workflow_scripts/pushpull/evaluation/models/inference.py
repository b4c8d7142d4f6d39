"""What a prediction costs: milliseconds per text with and without kNN, from text to scores (kNN-MLTC, Table 8)."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from pushpull.encoders.encoder import Encoder, tokenise, use_bfloat16
from pushpull.evaluation.knn import Datastore, interpolate, neighbour_scores

BATCH, WARM_UP = 64, 8
Predict = Callable[[list[str]], np.ndarray]


def predictors(
    encoder: Encoder,
    classifier: nn.Module,
    datastore: Datastore,
    labels: np.ndarray,
    max_tokens: int,
    knn: dict,
    device: str,
) -> dict[str, Predict]:
    """Return {"": the model alone, "_knn": the model mixed with its neighbours}: texts -> scores float32 [n, L].

    Args:
        labels: uint8 [documents, L] of the datastore; knn: k, temperature, proportion.
    """
    encoder.to(device).eval()
    classifier.to(device).eval()

    @torch.no_grad()
    def run(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        batch = tokenise(encoder, texts, max_tokens).batch(np.arange(len(texts)), device)
        with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16(device)):
            features = encoder(batch)
            scores = classifier(features).float().sigmoid()
        return features["sentence_embedding"].float().cpu().numpy(), scores.cpu().numpy()

    def with_knn(texts: list[str]) -> np.ndarray:
        vectors, scores = run(texts)
        nearest = datastore.nearest(vectors, knn["k"])
        return interpolate(neighbour_scores(*nearest, labels, knn["temperature"]), scores, knn["proportion"])

    return {"": lambda texts: run(texts)[1], "_knn": with_knn}


def milliseconds_per_text(predict: Predict, texts: Sequence[str], batch_size: int) -> float:
    """Return the mean time for each of `texts`, in batches, after a warm-up; transfers to the device and back count."""
    predict(list(texts[:WARM_UP]))
    began = time.perf_counter()
    for start in range(0, len(texts), batch_size):
        predict(list(texts[start : start + batch_size]))
    return 1e3 * (time.perf_counter() - began) / len(texts)
