"""A small study and its runs, for the tests of the plan and of its grid."""

from copy import deepcopy

from pushpull.planning.config import check
from pushpull.planning.plan import Plan
from snakemake.iocontainers import Wildcards
from workflow_runs import SHIPPED


def config_of(experiments: list[dict], seeds: tuple[int, ...], common: dict, datasets: dict | None = None) -> dict:
    """A checked configuration whose study `own` has these experiments, each over what is `common` to them."""
    config = deepcopy(SHIPPED)
    config["datasets"] |= datasets or {}
    experiments = [common | experiment for experiment in experiments]
    config["studies"]["own"] = {"title": "own", "seeds": list(seeds), "experiments": experiments}
    config["study"] = "own"
    check(config)
    return config


def plan_of(experiments: list[dict], seeds: tuple[int, ...] = (1, 2)) -> Plan:
    """Plan of a study with these experiments, on the shipped datasets, encoders and methods."""
    common = {"papers": ["abalone"], "datasets": ["quick_multilabel"], "encoders": ["tiny"]}
    return Plan(config_of(experiments, seeds, common))


def wildcards(run) -> Wildcards:
    """Wildcards as Snakemake gives them: all of them text."""
    return Wildcards(fromdict={key: str(value) for key, value in run._asdict().items() if key != "settings"})


def of_method(plan: Plan, method: str) -> list:
    return [run for run in plan.runs() if run.method == method]
