"""A synthetic study of Push and Pull whose numbers follow a simple rule."""

from functools import partial

from pushpull.papers.push_pull.rows import COMPARISONS, PAPER
from synthetic_study import comparison_rows, make_run, metric_rows, of_kind, score_rows
from table_checks import find_cell, make_table

DATASETS = {"own": {"title": "My_reports & more"}, "moods": {"title": "SemEval-2018 E-c"}}
ENCODERS = {"mini": {"title": "MiniLM-L6"}, "gist": {"title": "GIST-small"}, "nli": {"title": "DeBERTa NLI"}}
METHODS = of_kind("pretrained", pretrained="as it came")
METHODS |= of_kind(
    "text_label",
    text_to_label="text to label",
    text_to_label_decoupled="text to label, decoupled",
    texts_and_labels="texts and labels",
    margin="margin",
    cosine_bce="cosine BCE",
)
METHODS |= of_kind("supervised", bce="BCE") | of_kind("zero_shot", zero_shot="zero-shot")
SEEDS = (1, 2, 3)
# What a threshold rule adds to the scores of thresholds per label.
GAINS = {"fixed": -0.08, "one": -0.04, "one_macro": -0.03, "per_label": 0, "exact": 0.01, "joint": 0.02}
GAINS |= {"folds": 0.03, "shrunk": 0.04, "exact_top1": 0.05}
LINEAR_PROBE, KNN = 0.06, 0.07
NAMES = [f"label {n}" for n in range(12)]

make = partial(make_table, PAPER)


def level(encoder, method):
    """Test micro-F1 under thresholds per label; macro-F1 is 0.1 below."""
    return 0.5 + 0.1 * list(ENCODERS).index(encoder) + 0.01 * list(METHODS).index(method)


def curve_rows(rule, macro):
    """Macro-F1 falls short of its end by the inverse of the number of validation documents."""
    for documents in (25, 50, 100):
        yield f"dbc_{rule}", "test", f"macro_f1@{documents}", macro - 1 / documents
    yield f"dbc_{rule}", "test", "macro_f1@all", macro


def threshold_rows(start):
    for rank, name in enumerate(NAMES):
        yield "dbc_exact", "validation", f"threshold@{name}", start + rank / 100


def run_rows(method, test, validation):
    kind = METHODS.get(method, {"kind": "text_label"})["kind"]
    if kind == "zero_shot":
        yield from score_rows("zero_shot", validation, test - 0.1)
        for rule, gain in GAINS.items():
            yield from score_rows(f"zero_shot_{rule}", validation, test + gain)
        return
    for rule, gain in GAINS.items():
        yield from score_rows(f"dbc_{rule}", validation, test + gain)
    if kind == "supervised":
        yield from score_rows("classifier", validation, test)
    else:
        yield from score_rows("linear_probe", 0.5, test + LINEAR_PROBE)
        yield from score_rows("knn", 0.5, test + KNN)
    for rule in ("one", "per_label", "exact", "folds", "shrunk"):
        yield from curve_rows(rule, test - 0.1 + GAINS[rule])
    yield from threshold_rows(0.5 if kind == "pretrained" else 0.2)


def add(parts, dataset, encoder, method, setting="a", validation=0.5, test=None):
    """Add the runs of three seeds a hundredth apart; an encoder as it came has one run."""
    for seed in SEEDS[:1] if method in ("pretrained", "zero_shot") else SEEDS:
        run = make_run(dataset, method, setting, seed, {"epochs": 10}, PAPER, encoder)
        value = level(encoder, method) if test is None else test
        change = 0 if method in ("pretrained", "zero_shot") else (seed - 2) / 100
        parts["runs"].append(run)
        parts["rows"] += metric_rows(run, run_rows(method, value + change, validation))


def make_parts(datasets=("own", "moods"), encoders=("mini", "gist")):
    """Return everything that the files of the study have; margin is best on validation, above all on GIST-small."""
    parts = {name: [] for name in ("runs", "rows", "comparisons", "inference", "neighbourhoods")}
    parts |= {"datasets": {name: DATASETS[name] for name in datasets}, "methods": dict(METHODS)}
    parts["encoders"] = {name: ENCODERS[name] for name in (*encoders, "nli")}
    for dataset in datasets:
        for encoder in encoders:
            for method in list(METHODS)[:-1]:
                best = {"mini": 0.55, "gist": 0.6}[encoder]
                add(parts, dataset, encoder, method, validation=best if method == "margin" else 0.5)
            parts["comparisons"] += comparison_rows(dataset, COMPARISONS, PAPER, encoder)
        add(parts, dataset, "nli", "zero_shot")
    return parts


def cell(table, row, dataset="moods", metric="macro_f1"):
    return find_cell(table, row, dataset, metric)
