"""Every kind of method, one record each, and every setting of a run with its default and the kinds that use it."""

import hashlib
from typing import NamedTuple

LONGEST = 100
"""Characters of a setting's name; a fine-tuning's has its parent's in it, and file systems take 255 bytes."""
_PROBED, _CLASSIFIED = ("linear_probe", "knn", "dbc"), ("classifier", "knn", "dbc")


class Kind(NamedTuple):
    """What a kind of method is.

    Attributes:
        protocols: evaluation protocols; the first one's scores are those that kNN is mixed with.
        headline: settings that are always part of a setting's name, so that grid points are told apart at a glance.
        chosen_by: the protocol that shows it in tables and that its grid point is chosen by, on validation.
        objective: "module:class" that trains it; "" for what is not trained.
        losses: family of losses that it takes, in `losses.registry.LOSSES`.
        schedule: of the learning rate, where an experiment does not say.
        checkpoint: what chooses among the kept epochs: "probe" or "dbc"; "" where validation during training did.
        cost: methods with the same word are trained alike, for the estimate: a classifier end to end, or documents
            compared with documents.
        views: how often a document passes in a training step.
    """

    protocols: tuple[str, ...]
    headline: tuple[str, ...]
    chosen_by: str
    objective: str = ""
    losses: str = ""
    schedule: str | None = None
    checkpoint: str = ""
    cost: str = "classifier"
    views: int = 1


KINDS = {
    "pretrained": Kind(_PROBED, ("max_tokens",), "linear_probe"),
    "supervised": Kind(
        _CLASSIFIED,
        ("learning_rate", "epochs"),
        "classifier",
        "pushpull.training.supervised:Supervised",
        "supervised",
        "linear",
    ),
    "joint": Kind(
        _CLASSIFIED,
        ("learning_rate", "contrastive_weight", "epochs"),
        "classifier",
        "pushpull.training.joint:Joint",
        "contrastive",
        "linear",
    ),
    "label_distance": Kind(
        _CLASSIFIED,
        ("learning_rate", "label_distance", "epochs"),
        "classifier",
        "pushpull.training.label_distance:LabelDistance",
        "supervised",
        "linear",
        views=2,
    ),
    "contrastive": Kind(
        _PROBED,
        ("learning_rate", "temperature", "epochs"),
        "linear_probe",
        "pushpull.training.contrastive:Contrastive",
        "contrastive",
        "cosine",
        "probe",
        "contrastive",
    ),
    "label_wise": Kind(
        _PROBED,
        ("learning_rate", "temperature", "epochs"),
        "linear_probe",
        "pushpull.training.label_wise:LabelWise",
        "label_wise",
        "cosine",
        "probe",
        "contrastive",
    ),
    # Label texts are as a classifier whose weights an encoder makes.
    "text_label": Kind(
        _PROBED,
        ("learning_rate", "epochs"),
        "dbc_per_label",
        "pushpull.training.text_label:TextLabel",
        "text_label",
        "linear",
        "dbc",
    ),
    "finetune": Kind(
        _CLASSIFIED,
        ("learning_rate", "epochs"),
        "classifier",
        "pushpull.training.supervised:Supervised",
        "supervised",
        "linear",
    ),
    "zero_shot": Kind(("zero_shot",), ("max_tokens",), "zero_shot_per_label"),
}
CLASSIFIER = tuple(name for name, kind in KINDS.items() if kind.protocols == _CLASSIFIED)
"""Kinds that train a classifier of their own; `PROBED`: the others, whose frozen encoder gets a linear probe."""
PROBED = tuple(name for name, kind in KINDS.items() if kind.protocols == _PROBED)
_TRAINED = tuple(name for name, kind in KINDS.items() if kind.objective)
_CONTRASTIVE = tuple(name for name, kind in KINDS.items() if kind.cost == "contrastive")
_TEXT_LABEL = ("text_label",)
_DISTANT = ("label_distance",)
_COMPARING = ("joint", *_CONTRASTIVE, *_TEXT_LABEL)


class Setting(NamedTuple):
    """`short` names the setting in a path, `allowed` is a (lowest, highest) range or the words allowed."""

    short: str
    default: object
    kinds: tuple[str, ...]
    allowed: tuple


# Defaults are ABALONE's (section 4.2 and appendix); where paper and released code differ, the paper's.
SETTINGS = {
    "max_tokens": Setting("tok", 300, tuple(KINDS), (3, 8192)),
    "learning_rate": Setting("lr", 5e-5, _TRAINED, (0.0, 10.0)),
    "temperature": Setting("tau", 0.1, _COMPARING, (1e-4, 100.0)),
    "epochs": Setting("ep", 80, _TRAINED, (1, 10_000)),
    "head_learning_rate": Setting("hlr", 5e-5, _TRAINED, (0.0, 10.0)),
    "batch_size": Setting("bs", 32, _TRAINED, (1, 65_536)),
    "weight_decay": Setting("wd", 0.01, _TRAINED, (0.0, 1.0)),
    "warmup": Setting("warm", 0.05, _TRAINED, (0.0, 1.0)),
    "schedule": Setting("sched", None, _TRAINED, ("linear", "cosine", "constant")),
    "patience": Setting("pat", None, CLASSIFIER, (1, 10_000)),
    "dropout": Setting("drop", 0.1, CLASSIFIER, (0.0, 0.99)),
    "loss": Setting("loss", None, _TRAINED, ()),
    "queue_size": Setting("queue", 0, ("contrastive",), (0, 1_000_000)),
    "momentum": Setting("mom", 0.999, ("contrastive",), (0.0, 1.0)),
    "prototypes": Setting("proto", False, ("contrastive",), (False, True)),
    "negative_weight": Setting("beta", 1.0, ("contrastive", *_TEXT_LABEL), (1e-6, 1.0)),
    "projection": Setting("proj", 256, _CONTRASTIVE, (1, 65_536)),
    "similarity": Setting("sim", "cosine", ("contrastive",), ("cosine", "euclidean")),
    "contrastive_weight": Setting("gamma", 0.1, ("joint",), (0.0, 1000.0)),
    "reduction": Setting("red", "sum", ("joint",), ("sum", "mean")),
    "label_distance": Setting("ld", "static", _DISTANT, ("constant", "static", "everywhere", "adaptive")),
    "largest_distance": Setting("max", 5.0, _DISTANT, (1.0, 1000.0)),
    "loss_mix": Setting("mix", 0.5, _DISTANT, (0.0, 1.0)),
    "update_every": Setting("every", 10, _DISTANT, (1, 10_000)),
    "margin": Setting("margin", 0.2, _TEXT_LABEL, (-1.0, 1.0)),
    "bce_weight": Setting("bce", 1.0, ("label_wise",), (0.0, 1000.0)),
    "divisor": Setting("div", "batch", ("contrastive",), ("batch", "anchors")),
    "clean_text": Setting("clean", False, tuple(KINDS), (False, True)),
    "label_text": Setting("names", "readable", tuple(KINDS), ("name", "readable", "description")),
    "probe_grid": Setting("probe", "paper", PROBED, ("paper", "released")),
    "train_documents": Setting("n", None, _TRAINED, (1, 100_000_000)),
    "parent": Setting("from", None, ("finetune",), ()),
}
# None means: all of them; the same learning rate as the encoder's; every epoch is trained.
NULLABLE = ("train_documents", "head_learning_rate", "patience")
# Where the released code of ABALONE differs from the paper: its way, for tables to name. The default is the paper's.
RELEASED_CODE = {"divisor": "anchors", "head_learning_rate": None, "clean_text": True, "probe_grid": "released"}


def defaults(kind: str) -> dict:
    """Default settings of a kind of method, in a fixed order.

    Example:
        >>> defaults("pretrained")
        {'max_tokens': 300, 'clean_text': False, 'label_text': 'readable', 'probe_grid': 'paper'}
    """
    chosen = {key: setting.default for key, setting in SETTINGS.items() if kind in setting.kinds}
    return chosen | ({"schedule": KINDS[kind].schedule} if "schedule" in chosen else {})


def setting_name(kind: str, resolved: dict, method_defaults: dict) -> str:
    """The folder name of a grid point: the headline settings, then whatever differs from the method's defaults.

    Of a name longer than `LONGEST`, what is left out is told apart by a digest at the end.

    Example:
        >>> base = defaults("contrastive")
        >>> setting_name("contrastive", base | {"epochs": 3, "batch_size": 64}, base)
        'lr5e-05_tau0.1_ep3_bs64'
    """
    keys = [key for key in KINDS[kind].headline if key in resolved]
    keys += [key for key in resolved if key not in keys and resolved[key] != method_defaults.get(key)]
    name = "_".join(f"{SETTINGS[key].short}{_compact(resolved[key])}" for key in keys if key in SETTINGS)
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: LONGEST - len(digest)].rpartition('_')[0]}_{digest}"


def _compact(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else "none" if value is None else f"{value}"
