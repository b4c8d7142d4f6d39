"""GPU hours of a study before anything is run: counted tokens / throughput, by method, table, figure and paper."""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from pushpull.data.facts import facts
from pushpull.errors import InputError
from pushpull.estimate.encoders import encoder_of
from pushpull.estimate.throughput import PRINTED_TOTAL, Rate, hours, operations, rate_for, rates
from pushpull.estimate.workload import Sizes, needed_sizes, tokens_per_word, work
from pushpull.kinds import CLASSIFIER
from pushpull.papers import split_name
from pushpull.planning.config import load_config
from pushpull.planning.plan import Plan

NOTES = """\
Tokens: documents x tokens per document x passes. Training passes forward and backward, with label distances each
document twice, in text_label with the text of every label, about 8 tokens, in every batch; momentum encoder (where
there is a queue), validation after each epoch, three checkpoints compared (text_label: on validation alone) and the
embedding of all splits pass forward only. zero_shot: each document of validation and test with every label, the text
and about 10 tokens of hypothesis, forward only.
A run with `patience` counts with all its epochs: an upper bound.
Tokens per document: min(words x tokens per word + special tokens, max_tokens), an upper bound, for many documents are
shorter.
Hours: tokens x (1 forward, 2 backward) x 2 x weights that a token meets / operations per second; LDGN's graph is
counted by document. A small encoder uses a GPU less well than a large one, an LSTM still less: hours scaled up from one
are too many, down to one too few. Not counted: attention between tokens, prompts, classifiers, probes, kNN, DBC,
tables."""
FORMATS = {"runs": "{:,}".format, "10^9 tokens": "{:,.2f}".format, "GPU hours": "{:,.1f}".format}


def estimate(plan: Plan, sizes: dict[str, Sizes], found: Sequence[Rate]) -> pd.DataFrame:
    """Tokens and hours of every run of the plan, by its path.

    Args:
        sizes: by dataset.
        found: rates to choose from.

    Returns:
        Columns dataset, encoder, method, tokens, hours, and `mark`: which of the rates the hours are reckoned with.

    Raises:
        InputError: the size of an encoder is not known.
    """
    rows = {}
    for run in plan.runs():
        size = sizes[run.dataset]
        encoder = encoder_of(run.encoder, plan.config["encoders"][run.encoder], size.labels)
        rate = rate_for(found, run.settings["kind"], encoder)
        rows[run.path] = {
            **dict(zip(("dataset", "encoder", "method"), run[:3], strict=True)),
            "tokens": work(run.settings, size, encoder.tokenizer).tokens,
            "hours": hours(operations(run.settings, size, encoder).whole, rate),
            "mark": f"[{found.index(rate) + 1}]",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def jobs(plan: Plan) -> dict[str, int]:
    """Jobs per rule that Snakemake plans for the runs; data, tables, figures and report come on top."""
    counts = Counter()
    for run in plan.runs():
        kind = run.settings["kind"]
        if kind == "zero_shot":
            counts["zero_shot"] += 1
            continue
        classified = kind in CLASSIFIER
        counts["finetune" if kind == "finetune" else "train_classifier" if classified else "train"] += 1
        counts["evaluate_classified" if classified else "evaluate"] += 1
    counts["inference"] += len(plan.timed())
    return dict(+counts)


def report(config: dict) -> str:
    """The estimate of the study that a checked configuration names, as text.

    Raises:
        InputError: the size of a dataset or an encoder is not known.
    """
    plan, found = Plan(config), rates(config)
    datasets = dict.fromkeys(run.dataset for run in plan.runs())
    sizes = {dataset: needed_sizes(dataset, config["datasets"][dataset]) for dataset in datasets}
    runs = estimate(plan, sizes, found)
    lines = [f"Study {plan.study}: {config['studies'][plan.study]['title']}. Counted beforehand; nothing is run."]
    for paper in plan.papers:
        lines += [f"\n{paper}", by_method(plan, paper, runs), "", by_artefact(plan, paper, runs)]
        lines += [PRINTED_TOTAL[paper]] if paper in PRINTED_TOTAL else []
    if len(plan.papers) > 1:
        lines += ["", _text({"all papers, each run once": _totals(runs)})]
    lines += ["\nThroughput"]
    lines += [f"  [{n}] {rate.flops / 1e12:.2f} Tflop/s: {rate.source}" for n, rate in enumerate(found, start=1)]
    lines += ["\nDatasets", *_datasets(plan, sizes), f"\n{NOTES}"]
    counts = jobs(plan)
    listed = ", ".join(f"{rule} {count:,}" for rule, count in counts.items())
    lines += [f"\nJobs: {listed}; {sum(counts.values()):,} in all, and a few for data, tables, figures and report."]
    return "\n".join(lines)


def by_method(plan: Plan, paper: str, runs: pd.DataFrame) -> str:
    """Table of a paper's runs by dataset, encoder and method."""
    own = runs.loc[[run.path for run in plan.papers[paper].values()]]
    groups = own.groupby(["dataset", "encoder", "method"], sort=False)
    return _text({"  ".join(place): _totals(part) for place, part in groups})


def by_artefact(plan: Plan, paper: str, runs: pd.DataFrame) -> str:
    """Table of a paper's runs by table and figure; a run that several share counts for each, and once in the total."""
    shown = {name: plan.shown(name) for name in plan.artefacts() if split_name(name)[0] == paper}
    shown[f"{paper}, a shared run once"] = list(plan.papers[paper].values())
    return _text({name: _totals(runs.loc[[run.path for run in members]]) for name, members in shown.items()})


def _totals(runs: pd.DataFrame) -> dict:
    return {
        "runs": len(runs),
        "10^9 tokens": runs.tokens.sum() / 1e9,
        "GPU hours": runs.hours.sum(),
        "throughput": " ".join(sorted(set(runs.mark))) or "-",
    }


def _text(rows: dict[str, dict]) -> str:
    return pd.DataFrame.from_dict(rows, orient="index").to_string(formatters=FORMATS)


def _datasets(plan: Plan, sizes: dict[str, Sizes]) -> list[str]:
    """A line for each dataset and tokenizer: sizes, words, tokens a word, and where they are from."""
    lines = {}
    for run in plan.runs():
        size = sizes[run.dataset]
        tokenizer = encoder_of(run.encoder, plan.config["encoders"][run.encoder], size.labels).tokenizer
        documents = " / ".join(f"{count:,}" for count in size.documents.values())
        factor = "measured" if tokenizer in facts(size.reader).tokens_per_word else "as in Reuters-21578, an assumption"
        lines[run.dataset, tokenizer] = (
            f"  {run.dataset}: {documents} documents, {size.words['train']:,.0f} words each ({size.source}), "
            f"{tokens_per_word(size.reader, tokenizer)} tokens a word ({tokenizer}; {factor})"
        )
    return list(lines.values())


def main(arguments: Sequence[str]) -> int:
    """Print the estimate of a study; 1 where the configuration or a size is missing or wrong."""
    parser = ArgumentParser(prog="estimate.py", description="GPU hours of a study, before anything is run.")
    parser.add_argument("study", nargs="?", help="a study of config.yaml; without it the one that config.yaml names")
    try:
        print(report(load_config(parser.parse_args(arguments).study)))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
