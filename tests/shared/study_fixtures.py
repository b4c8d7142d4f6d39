"""A small synthetic study: two datasets, one encoder, three seeds."""

import json

import pandas as pd
import pytest
from pushpull.papers.abalone.rows import COMPARISONS
from pushpull.tables.comparisons import COLUMNS
from pushpull.tables.study import load_study
from synthetic_study import (
    APPENDIX,
    METHODS,
    SEEDS,
    clustering_rows,
    comparison_rows,
    make_card,
    make_run,
    metric_rows,
    of_their_kind,
    protocol_of,
    score_rows,
)


@pytest.fixture
def parts():
    """Runs, metric rows and datasets of the study, to be changed by a test before `build`."""
    runs, rows = [], []
    for dataset in ("generated", "aapd"):
        for rank, (method, (_, kind)) in enumerate(METHODS.items()):
            for seed in SEEDS:
                run = make_run(dataset, method, "lr5e-05", seed, {"epochs": 5, "temperature": 0.1})
                value = 0.60 + rank / 100 + (seed - 1) / 200
                runs.append(run)
                rows += metric_rows(run, score_rows(protocol_of(kind), value - 0.01, value))
                rows += metric_rows(run, clustering_rows(rank / 40 + (seed - 1) / 50))
    datasets = {
        "generated": {"title": "Long_tail & demo"},
        "aapd": {"title": "AAPD (arXiv)", "printed_as": {"abalone": "AAPD"}},
    }
    comparisons = [row for dataset in datasets for row in comparison_rows(dataset, COMPARISONS)]
    return {"runs": runs, "rows": rows, "datasets": datasets, "study": "quick", "comparisons": comparisons}


@pytest.fixture
def build(tmp_path):
    """Return a function that writes the parts as files and loads them as a `Study`."""

    def write_and_load(parts):
        methods = {
            name: {"title": title, "kind": kind}
            for name, (title, kind) in (METHODS | APPENDIX).items()
            if any(run["method"] == name for run in parts["runs"] + parts.get("missing", []))
        }
        info = {
            "study": parts["study"],
            "title": "a quick look",
            "note": "Made up for tests.",
            "datasets": parts["datasets"],
            "encoders": {"minilm": {"title": "MiniLM-L6"}},
            "methods": methods,
            **{name: of_their_kind(parts[name], methods) for name in ("runs", "missing") if name in parts},
        }
        (tmp_path / "runs.json").write_text(json.dumps(info))
        pd.DataFrame(parts["rows"]).to_csv(tmp_path / "metrics.csv", index=False)
        pd.DataFrame(parts["comparisons"], columns=COLUMNS).to_csv(tmp_path / "comparisons.csv", index=False)
        cards = []
        for name, facts in parts["datasets"].items():
            cards.append(tmp_path / f"{name}.json")
            cards[-1].write_text(json.dumps(make_card(name, facts["title"])))
        return load_study(tmp_path / "metrics.csv", tmp_path / "runs.json", cards, [tmp_path / "comparisons.csv"])

    return write_and_load


@pytest.fixture
def study(parts, build):
    return build(parts)
