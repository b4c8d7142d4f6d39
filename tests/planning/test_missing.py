"""Which runs of a study are there, why the others are not, and what `partial: true` makes of both."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from plan_study import config_of, of_method, wildcards
from pushpull.errors import InputError
from pushpull.kinds import KINDS
from pushpull.planning.config import check
from pushpull.planning.inputs import Inputs
from pushpull.planning.missing import NOT_YET, half_there
from pushpull.planning.plan import Plan

COMMON = {"papers": ["abalone"], "datasets": ["quick_multilabel"], "encoders": ["tiny"]}
METHODS = {"pretrained": None, "bce": None, "base": None, "base_ft": None}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A configuration, and an empty folder to run in."""
    monkeypatch.chdir(tmp_path)
    return config_of([{"methods": METHODS}], (1, 2), COMMON)


def write(path: Path, text: str = "", age: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1e9 - age, 1e9 - age))


def finish(run) -> Path:
    """Leave the files of an evaluated run, oldest first."""
    for name in ("card.json", "test.parquet"):
        write(Path("results/data", run.dataset, name), age=9)
    files = ["metrics.csv", *(f"{protocol}/decisions.npz" for protocol in KINDS[run.settings["kind"]].protocols)]
    files += ["embeddings/train.npy", "embeddings/test.npy", "model/config.json", "run.json"]
    for age, name in enumerate(files):
        write(Path(run.path, name), json.dumps({"settings": run.settings}) if name == "run.json" else "", age=age)
    return Path(run.path)


def log_of(run, stage: str) -> Path:
    return Path(run.path.replace("results/runs", f"logs/{stage}") + ".log")


def finish_but(config: dict, method: str) -> list:
    """Finish every run but those of a method, which are returned."""
    plan = Plan(config)
    for run in plan.runs():
        if run.method != method:
            finish(run)
    return of_method(plan, method)


def partial(config: dict) -> Plan:
    return Plan(config | {"partial": True})


def lacking(plan: Plan) -> dict:
    return {(run["method"], run["seed"]): run for run in plan.record.get("missing", [])}


def test_a_complete_study_is_recorded_as_if_nothing_could_be_missing(config):
    for run in Plan(config).runs():
        finish(run)
    assert partial(config).record == Plan(config).record
    assert Inputs(partial(config)).all_metrics() == Inputs(Plan(config)).all_metrics()


def test_without_partial_every_run_counts_be_it_there_or_not(config):
    assert len(Inputs(Plan(config)).all_metrics()) == 7
    assert Plan(config | {"partial": False}).record == Plan(config).record
    assert "missing" not in Plan(config).record


@pytest.mark.parametrize("value", [True, "true"])  # as in config.yaml, and as `--config partial=true` gives it
def test_a_missing_run_is_in_nothing_that_the_rules_read(config, value):
    first, second = finish_but(config, "bce")
    finish(first)
    plan = Plan(check(config | {"partial": value}))
    assert second not in plan.runs()
    assert len(plan.runs()) == len(Plan(config).runs()) - 1
    compared = Inputs(plan).compared(SimpleNamespace(paper="abalone"))
    everything = [*Inputs(plan).all_metrics(), *compared["decisions"]]
    assert not [path for path in everything if path.startswith(second.path)]
    assert [path for path in everything if path.startswith(first.path)]
    assert [run["path"] for run in plan.record["runs"]] == [run.path for run in plan.runs()]
    assert lacking(plan) == {
        ("bce", 2): {
            "paper": "abalone",
            "dataset": "quick_multilabel",
            "encoder": "tiny",
            "method": "bce",
            "setting": second.setting,
            "seed": 2,
            "settings": second.settings,
            "path": second.path,
            "reason": NOT_YET,
            "log": "",
        }
    }


def test_a_method_all_of_whose_runs_are_missing_is_still_one_of_the_study(config):
    finish_but(config, "bce")
    assert set(partial(config).record["methods"]) == set(METHODS)


@pytest.mark.parametrize("gone", ["metrics.csv", "run.json", "model/config.json", "embeddings/test.npy"])
def test_a_run_of_which_a_step_failed_when_it_ran_again_is_missing(config, gone):
    """Snakemake removes what the failed step makes, and leaves the metrics of the time before."""
    finish_but(config, "none")
    run = of_method(Plan(config), "bce")[0]
    if "/" in gone:
        shutil.rmtree(Path(run.path, gone).parent)
    else:
        Path(run.path, gone).unlink()
    assert set(lacking(partial(config))) == {("bce", 1)}


def test_metrics_older_than_the_training_are_of_another_training(config):
    finish_but(config, "none")
    run = of_method(Plan(config), "bce")[0]
    write(Path(run.path, "metrics.csv"), age=50)
    write(log_of(run, "evaluate"), "linear probe: 100%\n")
    found = lacking(partial(config))
    assert set(found) == {("bce", 1)}
    assert "trained again since it was evaluated" in found["bce", 1]["reason"]


def test_a_run_with_other_settings_is_missing_and_the_difference_is_said(config):
    finish_but(config, "none")
    run = of_method(Plan(config), "base")[0]
    settings = run.settings | {"divisor": "anchors"}
    write(Path(run.path, "run.json"), json.dumps({"settings": settings}), age=9)
    found = lacking(partial(config))["base", 1]
    assert found == found | {"reason": "was run with other settings: divisor anchors, now batch", "log": ""}


@pytest.mark.parametrize("gone", ["knn/decisions.npz", "embeddings/train.npy"])
def test_a_run_that_lacks_a_file_that_tables_or_figures_are_made_of_is_missing(config, gone):
    finish_but(config, "none")
    run = of_method(Plan(config), "base")[0]
    Path(run.path, gone).unlink()
    assert lacking(partial(config))["base", 1]["reason"] == f"{run.path}/{gone} is missing"


def test_the_reason_is_the_error_in_the_newest_log(config):
    run, other = finish_but(config, "bce")
    finish(other)
    write(log_of(run, "evaluate"), "error: an older one\n", age=10)
    write(log_of(run, "train"), "epoch 1\nerror: loss is nan\n", age=5)
    found = lacking(partial(config))["bce", 1]
    assert (found["reason"], found["log"]) == ("loss is nan", str(log_of(run, "train")))
    write(log_of(run, "evaluate"), "error: no memory\n", age=1)
    assert lacking(partial(config))["bce", 1]["reason"] == "no memory"


def test_a_run_that_was_trained_again_does_not_show_an_old_error(config):
    run, other = finish_but(config, "bce")
    finish(other)
    write(log_of(run, "evaluate"), "error: an older one\n", age=10)
    write(log_of(run, "train"), "epoch 4\n", age=5)
    assert lacking(partial(config))["bce", 1]["reason"] == "not finished; its log ends: epoch 4"


def test_a_fine_tuning_is_missing_where_its_parent_is(config):
    first, second = finish_but(config, "base")
    finish(second)
    write(log_of(first, "train"), "error: loss is nan\n")
    found = lacking(partial(config))
    assert set(found) == {("base", 1), ("base_ft", 1)}
    assert found["base_ft", 1]["log"] == found["base", 1]["log"]
    assert found["base_ft", 1]["reason"] == f"starts from base {first.setting}, which is missing: loss is nan"


def test_a_run_whose_dataset_failed_shows_the_log_of_the_dataset(config):
    more = config_of([{"methods": {"bce": None}}, {"methods": {"bce": None}, "datasets": ["r8"]}], (1,), COMMON)
    own, other = Plan(more).runs()
    finish(own)
    write(Path("logs/download/r8.log"), "done\n", age=5)
    write(Path("logs/prepare/r8.log"), "error: r8.csv, line 2: no column\n")
    plan = partial(more)
    (found,) = plan.record["missing"]
    assert (found["dataset"], found["reason"]) == (other.dataset, "r8.csv, line 2: no column")
    assert found["log"] == "logs/prepare/r8.log"
    assert Inputs(plan).all_cards() == ["results/data/quick_multilabel/card.json"]
    assert set(plan.record["datasets"]) == {"quick_multilabel", "r8"}


def test_a_run_whose_encoder_could_not_be_fetched_shows_the_log_of_the_fetch(config):
    run, *_ = finish_but(config, "bce")
    log = Path(f"logs/fetch_encoder/{run.encoder}.log")
    write(log, "error: encoder some/one: not in the cache\n")
    found = lacking(partial(config))["bce", 1]
    assert (found["reason"], found["log"]) == ("encoder some/one: not in the cache", str(log))
    write(log)  # it was fetched later
    assert lacking(partial(config))["bce", 1]["reason"] == NOT_YET


def test_inference_that_was_not_timed_is_told_apart(config):
    joint = config_of([{"methods": {"bce": None, "joint": None}}], (1, 2), COMMON | {"papers": ["knn_mltc"]})
    for run in Plan(joint).runs():
        finish(run)
    (timed,) = Plan(joint).timed()
    write(log_of(timed, "inference"), "error: too slow\n")
    plan = partial(joint)
    assert plan.timed() == []
    record = plan.record
    assert "missing" not in record
    assert [(run["method"], run["seed"], run["reason"]) for run in record["untimed"]] == [("joint", 1, "too slow")]
    write(Path(timed.path, "inference.json"))
    assert partial(joint).timed() == [timed]
    assert "untimed" not in partial(joint).record


def test_neighbourhoods_are_drawn_of_runs_that_are_there(config):
    joint = config_of([{"methods": {"bce": None, "joint": None}}], (1, 2), COMMON | {"papers": ["knn_mltc"]})
    assert [(run.method, run.seed) for run in Plan(joint).shown("knn_mltc_figure3")] == [("bce", 1), ("joint", 1)]
    for run in Plan(joint).runs():
        if (run.method, run.seed) != ("joint", 1):
            finish(run)
    assert [(run.method, run.seed) for run in partial(joint).shown("knn_mltc_figure3")] == [("bce", 1), ("joint", 2)]


def test_what_is_half_there_has_a_run_and_lacks_one_or_a_time(config):
    joint = Plan(config_of([{"methods": {"joint": None}}], (1, 2), COMMON | {"papers": ["knn_mltc"]}))
    first, second = joint.runs()

    def found() -> bool:
        return half_there(joint.runs(), joint.timed())

    assert not found()
    finish(first)
    assert found()
    finish(second)
    assert found()
    write(Path(first.path, "inference.json"))
    assert not found()


def test_a_study_without_any_run_is_refused(config):
    with pytest.raises(InputError, match="study own: no run has been evaluated yet"):
        partial(config)


def test_partial_is_true_or_false(config):
    with pytest.raises(InputError, match=r"partial: unknown value 'ture': did you mean 'true'\?"):
        check(config | {"partial": "ture"})


def test_a_missing_run_is_no_target(config):
    finish_but(config, "bce")
    with pytest.raises(InputError, match="unknown run"):
        partial(config).run(wildcards(of_method(Plan(config), "bce")[0]))
