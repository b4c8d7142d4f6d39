"""Which of the kept epochs of text-label training is the best one: by what it is trained for."""

from torch.nn import Module

from pushpull.encoders.encoder import embed
from pushpull.evaluation.dbc.cosines import cosines
from pushpull.evaluation.dbc.exact import exact_per_label
from pushpull.evaluation.metrics import macro_f1
from pushpull.training.batches import Corpus


def dbc_score(objective: Module, train: Corpus, validation: Corpus, settings: dict, seed: int, device: str) -> float:
    """Macro-F1 on validation of distance-based classification with exact thresholds per label.

    Takes what `checkpoint_choice.probe_score` takes, of which it needs the objective (`encoder`, `label_tokens`), the
    validation split and the device.
    """
    texts, names = (embed(objective.encoder, part, device) for part in (validation.tokens, objective.label_tokens))
    similarity = cosines(texts, names)
    return macro_f1(validation.labels > 0, similarity >= exact_per_label(similarity, validation.labels))
