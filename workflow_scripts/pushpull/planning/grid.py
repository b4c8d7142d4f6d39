"""From an experiment of the configuration to its runs: the product of its parts, with resolved settings and names."""

import hashlib
from itertools import product
from typing import NamedTuple

from pushpull.errors import InputError
from pushpull.kinds import defaults, setting_name
from pushpull.losses.registry import SINGLE_LABEL

RUN = "results/runs/{dataset}/{encoder}/{method}/{setting}/seed{seed}"


class Run(NamedTuple):
    """One training (or one encoder as it came) with one seed; `settings` are resolved."""

    dataset: str
    encoder: str
    method: str
    setting: str
    seed: int
    settings: dict

    @property
    def path(self) -> str:
        """Folder of the run, `results/runs/...`."""
        return RUN.format(**self._asdict())


def experiment_runs(config: dict, experiment: dict, seeds: list[int]) -> list[Run]:
    """Every run of an experiment: datasets x encoders x methods x grid points x seeds.

    Raises:
        InputError: a method does not go with a dataset or an encoder.
    """
    runs = []
    for dataset, encoder, method in product(*(experiment[part] for part in ("datasets", "encoders", "methods"))):
        entry, kind = config["datasets"][dataset], config["methods"][method]["kind"]
        _refuse(dataset, entry, encoder, config["encoders"][encoder], method, config["methods"][method])
        # What is not trained is the same for every seed.
        chosen = seeds[:1] if kind in ("pretrained", "zero_shot") else seeds
        points = [_with_pairs(dataset, entry, *point) for point in _grid(config["methods"], experiment, method)]
        for (setting, settings), seed in product(points, chosen):
            runs.append(Run(dataset, encoder, method, setting, seed, settings))
    return runs


def _refuse(dataset: str, entry: dict, encoder: str, card: dict, method: str, definition: dict) -> None:
    if entry["task"] != "single" and definition.get("loss") in SINGLE_LABEL:
        raise InputError(
            f"{method}: loss {definition['loss']} is for task: single, {dataset} is task: {entry['task']}; take bce"
        )
    if definition["kind"] == "label_distance" and "architecture" in card and not card.get("dropout"):
        raise InputError(
            f"{method}: dropout makes the two views of a document differ, and {encoder} has none; "
            f"give encoders.{encoder} a dropout, as text_cnn has"
        )
    if (definition["kind"] == "zero_shot") != ("nli" in card):
        raise InputError(
            f"{method} on {encoder}: a zero_shot method needs an encoder with nli: true, and such an encoder a "
            "zero_shot method; give them an experiment of their own"
        )
    if definition["kind"] == "zero_shot" and entry["task"] != "multi":
        raise InputError(f"{method}: zero-shot is for task: multi, {dataset} is task: {entry['task']}")
    if definition["kind"] == "label_wise" and "architecture" in card:
        raise InputError(f"{method}: label-wise training pools the tokens of a transformer, {encoder} is none")


def _with_pairs(dataset: str, entry: dict, setting: str, settings: dict) -> tuple[str, dict]:
    """A grid point on a dataset: static label distances are those of its hand-picked pairs of classes."""
    if settings.get("label_distance") != "static":
        return setting, settings
    pairs = entry.get("confusable")
    if not pairs:
        raise InputError(
            f"datasets.{dataset}: static label distances need `confusable`, pairs of classes, as in "
            "confusable: [[money-fx, interest]]; or use label_distance: constant, everywhere or adaptive"
        )
    return f"{setting}_pairs-{_digest([' '.join(pair) for pair in pairs])}", settings | {"confusable": pairs}


def _grid(methods: dict, experiment: dict, method: str) -> list[tuple[str, dict]]:
    """Grid points of a method in an experiment: (setting name, resolved settings)."""
    kind = methods[method]["kind"]
    base = _method_defaults(methods[method])
    given = experiment.get("settings", {}) | (experiment["methods"][method] or {})
    axes = {key: given.get(key, value) for key, value in base.items()}
    lists = [value if isinstance(value, list) else [value] for value in axes.values()]
    points = [dict(zip(axes, values, strict=True)) for values in product(*lists)]
    for point in points:
        if point.get("similarity") == "euclidean" and point["prototypes"]:
            raise InputError(f"{method}: prototypes are unit vectors; with similarity euclidean, allowed: false")
    named = [(setting_name(kind, point, base), {"kind": kind, **point}) for point in points]
    if kind != "finetune":
        return named
    parents = _parents(methods, experiment, base["parent"])
    origin = parents[0] if len(parents) == 1 else f"{len(parents)}-{_digest(parents)}"
    return [(f"{name}_from-{origin}", point | {"parent_settings": parents}) for name, point in named]


def _parents(methods: dict, experiment: dict, method: str) -> list[str]:
    """Grid points that a fine-tuning may start from; of several temperatures only the method's own.

    ABALONE varies the temperature in Table 2 and keeps 0.1 for everything else.
    """
    grid, own = _grid(methods, experiment, method), _method_defaults(methods[method])
    usual = [name for name, point in grid if point["temperature"] == own["temperature"]]
    return usual or [name for name, _ in grid]


def _method_defaults(entry: dict) -> dict:
    kind_defaults = defaults(entry["kind"])
    return kind_defaults | {key: value for key, value in entry.items() if key in kind_defaults}


def _digest(values: list[str]) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:8]
