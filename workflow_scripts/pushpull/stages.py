"""What code each stage of a run depends on, as fingerprints: a change retrains and evaluates what uses it, no more."""

from pushpull.data.readers import READERS
from pushpull.encoders.registry import ARCHITECTURES
from pushpull.fingerprint import fingerprint
from pushpull.losses.registry import BY_KIND
from pushpull.training.registry import OBJECTIVES

TRAINING = ("training.run",)
EMBEDDING = ("encoders.encoder", "encoders.heads", "data.dataset", "data.label_texts")
# What else trains a kind: a probe picks the checkpoint, and the grid point that fine-tuning starts from.
CHOICE = ("evaluation.checkpoint_choice",)
CHOICE_BY_DBC = ("evaluation.dbc_choice",)
WITHOUT_CHOICE = ("pretrained", "supervised", "joint", "label_distance")
# They name every objective, loss and architecture; a run depends on its own alone.
CHECKS = ("encoders.canary", "training.checkpoint")  # refuse or resume, and change no output
REGISTRIES = ("training.registry", "losses.registry", "encoders.registry")


def training_code(settings: dict, card: dict) -> str:
    """Fingerprint of the code that trains a run with these settings on this encoder card."""
    kind = settings["kind"]
    used = _names(
        OBJECTIVES.get(kind), BY_KIND[kind].get(settings.get("loss")), ARCHITECTURES.get(card.get("architecture"))
    )
    choice = CHOICE_BY_DBC if kind == "text_label" else () if kind in WITHOUT_CHOICE else CHOICE
    # The names stand beside the hash, since it leaves the registries out.
    unread = () if kind == "text_label" else ("data.label_texts",)
    without = (*REGISTRIES, *CHECKS, *unread)
    return " ".join([fingerprint(*TRAINING, *choice, *_modules(used), without=without), *used])


def embedding_code(card: dict) -> str:
    """Fingerprint of the code that embeds with an encoder of this card."""
    used = _names(ARCHITECTURES.get(card.get("architecture")))
    return fingerprint(*EMBEDDING, *_modules(used), without=(*REGISTRIES, *CHECKS))


def prepare_code(entry: dict) -> str:
    """Fingerprint of the code that prepares a dataset with this entry."""
    reader = READERS[entry["reader"]].removeprefix("pushpull.")
    return fingerprint("data.prepare", reader, without=("data.readers", "data.sources"))


def _names(*functions: str | None) -> list[str]:
    return [name.removeprefix("pushpull.") for name in functions if name]


def _modules(names: list[str]) -> list[str]:
    return [name.partition(":")[0] for name in names]
