"""How fast encoders run on a GPU: from this checkout's own runs, else from the costs that papers print."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pushpull.errors import InputError
from pushpull.estimate.encoders import Encoder, encoder_of
from pushpull.estimate.workload import Sizes, paced_tokens, printed_sizes, sizes, work, work_in_documents
from pushpull.kinds import KINDS, defaults
from pushpull.planning.grid import RUN


class Rate(NamedTuple):
    """Floating-point operations a second of a family of methods with an encoder on a GPU, and where it is measured."""

    family: str
    encoder: Encoder
    flops: float
    device: str
    runs: int
    source: str


class Operations(NamedTuple):
    """Floating-point operations of a run's training, and of all of it."""

    training: float
    whole: float


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


def operations(settings: dict, size: Sizes, encoder: Encoder) -> Operations:
    """Floating-point operations of a run with these resolved settings."""
    tokens, documents = work(settings, size, encoder.tokenizer), work_in_documents(settings, size)
    return Operations(
        training=encoder.operations(tokens.training_passes, documents.training_passes),
        whole=encoder.operations(tokens.passes, documents.passes),
    )


def rates(config: dict) -> list[Rate]:
    """Rates of the GPU that most runs under results/runs were trained on; the printed ones where there is none."""
    groups = defaultdict(list)
    for path in sorted(Path().glob(RUN.format_map(defaultdict(lambda: "*")) + "/run.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if measured := _measured(record, config):
            encoder, flops = measured
            groups[record["device"], KINDS[record["settings"]["kind"]].cost, encoder].append((flops, record["encoder"]))
    found = [
        Rate(family, encoder, median(flops for flops, _ in runs), device, len(runs), _source(runs, device))
        for (device, family, encoder), runs in groups.items()
    ]
    devices = Counter(rate.device for rate in found for _ in range(rate.runs))
    return [rate for rate in found if rate.device == devices.most_common(1)[0][0]] or printed_rates()


def _measured(record: dict, config: dict) -> tuple[Encoder, float] | None:
    """Encoder and operations a second of a recorded run; None of one on a CPU, or of unknown text or encoder."""
    pace, entry = record.get("tokens_per_second"), config["datasets"].get(record["dataset"])
    if not pace or record["device"].endswith("CPU") or not entry or not (size := sizes(record["dataset"], entry)):
        return None
    try:
        encoder = encoder_of(record["encoder"], record["encoder_card"], size.labels)
    except InputError:
        return None
    settings = record["settings"]
    # Second views, label texts, momentum encoder and validation passed in the same time.
    seconds = paced_tokens(settings, size, encoder.tokenizer) / pace
    return encoder, operations(settings, size, encoder).training / seconds


def _source(runs: list[tuple[float, str]], device: str) -> str:
    return f"results/runs: {device}, {runs[0][1]}, median of {len(runs)}"


def printed_rates() -> list[Rate]:
    """Rates that follow from `PRINTED_COSTS`."""
    size = printed_sizes("abalone", "AAPD", "aapd")
    encoder = encoder_of("roberta", {"hub": "FacebookAI/roberta-base"}, size.labels)
    found = []
    for cost in PRINTED_COSTS:
        settings = defaults(cost.kind) | {"kind": cost.kind, **cost.settings}
        flops = operations(settings, size, encoder).training / (3600 * cost.hours)
        epochs = f"{settings['epochs']} epochs ({cost.kind}) of RoBERTa-base on AAPD"
        source = f"ABALONE prints {cost.hours:g} h for {epochs}, one {PRINTED_DEVICE}"
        found.append(Rate(KINDS[cost.kind].cost, encoder, flops, PRINTED_DEVICE, 0, source))
    return found


def rate_for(found: list[Rate], kind: str, encoder: Encoder) -> Rate:
    """The rate nearest to a run: of its family of methods, then of its encoder, then from the most runs."""
    return max(found, key=lambda rate: (rate.family == KINDS[kind].cost, rate.encoder == encoder, rate.runs))


def hours(count: float, rate: Rate) -> float:
    """Hours for so many floating-point operations."""
    return count / rate.flops / 3600
