"""A synthetic study of kNN-MLTC whose numbers follow a simple rule."""

import json
import math
from functools import partial

import pandas as pd
from pushpull.tables.comparisons import COLUMNS
from pushpull.tables.study import INFERENCE, LABEL_DISTANCES, NAMES, NEIGHBOURHOODS, load_study
from synthetic_study import comparison_rows, make_card, make_run, metric_rows, of_kind, of_their_kind, score_rows
from table_checks import find_cell, make_table

PAPER = "knn_mltc"
DATASETS = {
    "generated": {"title": "Long_tail & demo"},
    "aapd_usual": {"title": "AAPD (usual split)", "printed_as": {PAPER: "AAPD"}, "knn": {"k": 5}},
}
ENCODERS = {
    "words": {"title": "Word CNN", "printed_as": {PAPER: "CNN"}},
    "graph": {"title": "LDGN", "printed_as": {PAPER: "LDGN"}},
    "minilm": {"title": "MiniLM-L6"},
}
METHODS = of_kind("supervised", bce="BCE") | of_kind("joint", joint="BCE + L_con", joint_binary="BCE + L_con, 0/1")
SEEDS = (1, 2, 3)
# weight -> what it adds to +CL and +CL+kNN on test, and to their validation scores
WEIGHTS = {0.01: (0.0, 0.0, 0.0, 0.0), 0.1: (0.01, 0.03, 0.0, 0.02), 1.0: (0.05, 0.05, 0.1, -0.05)}
KS = (0, 1, 2, 5, 10, 20, 40, 80)
PROPORTIONS = [step / 10 for step in range(11)]

make = partial(make_table, PAPER)


def level(encoder, seed):
    """Micro-F1 of the model alone: 0.60, 0.65, 0.70, and a hundredth less or more for the first and last seed."""
    return 0.6 + 0.05 * list(ENCODERS).index(encoder) + (seed - 2) / 100


def at_k(k):
    """What k neighbours add: most at 10."""
    return 0.04 * (1 - abs(math.log2(k / 10)) / 4) if k else 0.0


def neighbour_rows(alone, shared):
    for split, change in (("validation", -0.5), ("test", 0)):
        for k in KS:
            yield "neighbours", split, f"micro_f1@k={k}", alone + at_k(k) + change
        for proportion in PROPORTIONS:
            gain = 0.16 * proportion * (1 - proportion)
            yield "neighbours", split, f"micro_f1@proportion={proportion:.1f}", alone + gain + change
        yield "neighbours", split, "shared_label_proportion", shared + change
        yield "neighbours", split, "shared_label_proportion_per_neighbour", shared - 0.02 + change


def run_rows(encoder, method, weight, seed):
    alone = level(encoder, seed)
    mixed, validation = alone + 0.02, (0.5, 0.5)
    if method == "joint":
        cl, cl_knn, *better = WEIGHTS[weight]
        mixed, alone = mixed + cl_knn, alone + cl
        validation = tuple(0.5 + change for change in better)
    yield from score_rows("classifier", validation[0], alone)
    yield from score_rows("knn_mixed", validation[1], mixed)
    yield from score_rows("knn", 0.1, 0.2)
    yield from neighbour_rows(alone, 0.7 if method == "joint" else 0.6)


def neighbourhood_rows(dataset, encoder, method):
    """The document in the middle of 80 neighbours on a spiral: the nearer, the more of its four labels they share."""
    for rank in range(81):
        shared = 4 - (rank - 1) // 16 if rank else 4
        pull = 0.6 if method == "joint" else 1.0
        radius, angle = pull * math.sqrt(rank), 2.4 * rank
        place = {"x": radius * math.cos(angle), "y": radius * math.sin(angle)}
        key = {"dataset": dataset, "encoder": encoder, "method": method, "document": "0012", "rank": rank}
        yield key | place | {"shared": shared, "labels": 4}


def inference_rows(dataset, encoder):
    rank = list(ENCODERS).index(encoder) + 1
    values = {
        "documents": 900,
        "datastore_bytes": rank * 2**28,
        "model_bytes": rank * 2**21,
        "ms_single": 4.0 * rank,
        "ms_single_knn": 4.0 * rank + 0.5,
        "ms_batch": 0.3 * rank,
        "ms_batch_knn": 0.3 * rank + 0.1,
    }
    key = {"dataset": dataset, "encoder": encoder, "method": "joint", "setting": "w0.01", "seed": 1, "device": "cpu X"}
    return [key | {"metric": metric, "value": value} for metric, value in values.items()]


def make_parts(datasets=DATASETS, encoders=ENCODERS):
    """Return everything that the files of the study have, to be changed by a test before `load`."""
    from pushpull.papers.knn_mltc.rows import COMPARISONS

    parts = {name: [] for name in ("runs", "rows", "comparisons", "inference", "neighbourhoods")}
    parts |= {"datasets": dict(datasets), "encoders": dict(encoders), "methods": dict(METHODS)}
    for dataset in datasets:
        for encoder in encoders:
            for method in METHODS:
                for weight in WEIGHTS if method == "joint" else (0.1,):
                    for seed in SEEDS:
                        settings = {"epochs": 30} | ({} if method == "bce" else {"contrastive_weight": weight})
                        run = make_run(dataset, method, f"w{weight}", seed, settings, PAPER, encoder)
                        parts["runs"].append(run)
                        parts["rows"] += metric_rows(run, run_rows(encoder, method, weight, seed))
            parts["comparisons"] += comparison_rows(dataset, COMPARISONS, PAPER, encoder)
            parts["inference"] += inference_rows(dataset, encoder)
            for method in ("bce", "joint"):
                parts["neighbourhoods"] += neighbourhood_rows(dataset, encoder, method)
    return parts


def drop(parts, **key):
    """Drop everything that agrees with all of `key`; what lacks one of its names stays."""
    for name in ("runs", "rows", "comparisons", "inference", "neighbourhoods"):
        parts[name] = [item for item in parts[name] if any(item.get(part) != value for part, value in key.items())]
    return parts


def load(parts, folder):
    """Write the parts as files and load them as a `Study`."""
    info = {"study": "quick", "title": "a quick look", "note": "Made up for tests."}
    info |= {name: parts[name] for name in ("datasets", "encoders", "methods", "untimed") if name in parts}
    info |= {name: of_their_kind(parts[name], parts["methods"]) for name in ("runs", "missing") if name in parts}
    info["knn"] = {"k": 10, "temperature": 1.0, "proportion": 0.5}
    (folder / "runs.json").write_text(json.dumps(info))
    columns = {"comparisons": COLUMNS, "inference": INFERENCE, "neighbourhoods": NEIGHBOURHOODS}
    columns |= {"label_distances": LABEL_DISTANCES, "rows": [*NAMES, "seed", "value"]}
    for name, header in columns.items():
        pd.DataFrame(parts.get(name, []), columns=header).to_csv(folder / f"{name}.csv", index=False)
    cards = []
    for name, facts in parts["datasets"].items():
        cards.append(folder / f"card_{name}.json")
        cards[-1].write_text(json.dumps(make_card(name, facts["title"]) | {"task": facts.get("task", "multi")}))
    further = {name: folder / f"{name}.csv" for name in columns if name != "rows"}
    further["comparisons"] = [further["comparisons"]]
    return load_study(folder / "rows.csv", folder / "runs.json", cards, **further)


def cell(table, row, dataset="aapd_usual", metric="micro_f1"):
    return find_cell(table, row, dataset, metric)
