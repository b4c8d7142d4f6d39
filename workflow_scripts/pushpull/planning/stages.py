"""What code each stage of a run depends on, as fingerprints: a change retrains and evaluates what uses it, no more."""

from collections.abc import Iterable

from pushpull.data.readers import module
from pushpull.encoders.registry import ARCHITECTURES
from pushpull.fingerprint import SCRIPTS, code_of, fingerprint
from pushpull.kinds import KINDS
from pushpull.losses.registry import LOSSES
from pushpull.papers import is_table, source, split_name

# They run a job, refuse what is wrong, write down how long it took, or resume: they change no result.
HARMLESS = (
    "job",
    "lease",
    "slurm",
    "errors",
    "encoders.canary",
    "encoders.fetch",
    "training.checkpoint",
    "training.record",
)
# What fetches a file: it has its checksum or is refused, so a change in it fetches nothing again. And what is known of
# files, which goes to the rules as params.
CHECKED = (*HARMLESS, "data.sources", "data.facts")
# They name every objective, loss, architecture and reader; a run depends on its own alone, named apart.
REGISTRIES = ("kinds", "training.registry", "losses.registry", "encoders.registry", "data.readers")
# What trains; what is made of results does not depend on it, though it reads the records of kinds that name it.
OBJECTIVES = tuple(kind.objective.removeprefix("pushpull.") for kind in KINDS.values() if kind.objective)
MADE = (*HARMLESS, *OBJECTIVES)
# What chooses among the epochs of a kind, by `Kind.checkpoint`.
CHOICES = {
    "probe": "evaluation.models.checkpoint_choice:probe_score",
    "dbc": "evaluation.models.dbc_choice:dbc_score",
}
EVALUATION_CODE = code_of("evaluate", without=HARMLESS)


def training_code(settings: dict, card: dict) -> str:
    """Fingerprint of the code that trains a run with these settings on an encoder of this card."""
    kind = KINDS[settings["kind"]]
    used = _used(
        kind.objective, LOSSES[kind.losses].get(settings.get("loss")), ARCHITECTURES.get(card.get("architecture"))
    )
    unused = [judge for choice, judge in CHOICES.items() if choice != kind.checkpoint]
    script = "finetune" if settings["kind"] == "finetune" else "train"
    return fingerprint(f"{SCRIPTS}.{script}", *used, without=(*HARMLESS, *REGISTRIES, *unused))


def prepare_code(entry: dict) -> str:
    """Fingerprint of the code that prepares a dataset with this entry."""
    reader = module(entry["reader"]).removeprefix("pushpull.")
    return fingerprint(f"{SCRIPTS}.prepare", reader, without=(*CHECKED, "data.readers"))


def artefact_code(name: str) -> str:
    """Fingerprint of the code that makes a table or figure, less what makes others."""
    script = "table" if is_table(name) else "figure"
    return fingerprint(f"{SCRIPTS}.{script}", source(name), without=MADE)


def report_code(names: Iterable[str]) -> str:
    """Fingerprint of the code of a report with these tables and figures."""
    tables = [source(name) for name in names if is_table(name)]
    captions = [f"papers.{paper}.tables:CAPTIONS" for paper in dict.fromkeys(split_name(name)[0] for name in names)]
    return fingerprint(f"{SCRIPTS}.report", *tables, *captions, without=MADE)


def _used(*names: str | None) -> list[str]:
    return [name.removeprefix("pushpull.") for name in names if name]
