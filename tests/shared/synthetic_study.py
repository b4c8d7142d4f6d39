"""Pieces of a synthetic study whose numbers follow a simple rule."""

METHODS = {
    "pretrained": ("Pre-trained", "pretrained"),
    "asymmetric": ("Asymmetric", "supervised"),
    "focal": ("Focal", "supervised"),
    "bce": ("BCE", "supervised"),
    "base": ("Base", "contrastive"),
    "base_queue": ("Base + queue", "contrastive"),
    "base_queue_prototypes": ("Base + queue + prototypes", "contrastive"),
    "msc": ("MSC", "contrastive"),
    "my_loss": ("My_loss & co", "contrastive"),
    "base_ft": ("Base fine-tuned", "finetune"),
    "msc_ft": ("MSC fine-tuned", "finetune"),
}
APPENDIX = {
    "mulcon": ("MulCon and BCE", "label_wise"),
    "mulcon_alone": ("MulCon", "label_wise"),
}
SEEDS = (0, 1, 2)


def of_kind(kind, **titles):
    """Methods of one kind by key, as `runs.json` has them."""
    return {method: {"title": title, "kind": kind} for method, title in titles.items()}


def protocol_of(kind):
    return "classifier" if kind in ("supervised", "finetune") else "linear_probe"


def score_rows(protocol, validation, test):
    """Rows of one run: micro-F1 as given, macro-F1 0.1 below, Hamming loss a tenth of the error."""
    for split, value in (("validation", validation), ("test", test)):
        yield protocol, split, "micro_f1", value
        yield protocol, split, "macro_f1", value - 0.1
        yield protocol, split, "hamming_loss", (1 - value) / 10
        for metric, middle in (("micro_f1", value), ("macro_f1", value - 0.1)):
            yield protocol, split, f"{metric}_low", middle - 0.02
            yield protocol, split, f"{metric}_high", middle + 0.03


def clustering_rows(level):
    for share in range(10, 101, 10):
        yield "clustering", "test", f"silhouette@{share}", level - share / 500
        yield "clustering", "test", f"davies_bouldin@{share}", 2.5 - level + share / 200
        yield "clustering", "test", f"clusters@{share}", share
        yield "clustering", "test", f"documents@{share}", 10 * share


def comparison_rows(dataset, pairs, paper="abalone", encoder="minilm"):
    """The n-th comparison: micro-F1 n hundredths better, at least 0.02 away from its bounds, macro-F1 as much worse."""
    for step, (against, row) in enumerate(pairs):
        for metric, difference in (("micro_f1", step / 100), ("macro_f1", -step / 100)):
            yield {
                "paper": paper,
                "dataset": dataset,
                "encoder": encoder,
                "row": row.name,
                "against": against.name,
                "metric": metric,
                "difference": difference,
                "low": difference - 0.025,
                "high": difference + 0.02,
                "seeds": 3,
                "p": 0.5,
            }


def make_run(dataset, method, setting, seed, settings, paper="abalone", encoder="minilm"):
    path = f"results/runs/{dataset}/{encoder}/{method}/{setting}/seed{seed}"
    return {
        "paper": paper,
        "dataset": dataset,
        "encoder": encoder,
        "method": method,
        "setting": setting,
        "seed": seed,
        "settings": settings,
        "path": path,
    }


def of_their_kind(runs, methods):
    """Runs whose settings have the kind of their method, as those of `runs.json`."""
    return [run | {"settings": {"kind": methods[run["method"]]["kind"]} | run["settings"]} for run in runs]


def metric_rows(run, rows):
    key = {name: run[name] for name in ("paper", "dataset", "encoder", "method", "setting", "seed")}
    return [key | dict(zip(("protocol", "split", "metric", "value"), row, strict=True)) for row in rows]


def make_card(dataset, title, train=900):
    split = {"labels_per_document": 2.25, "words_per_document": 131.6}
    return {
        "dataset": dataset,
        "title": title,
        "task": "multi",
        "labels": [{"name": f"label {n}", "train": 10} for n in range(12)],
        "splits": {
            name: {"documents": documents, "sha256": "ab" * 32} | split
            for name, documents in (("train", train), ("validation", 100), ("test", 12000))
        },
        "validation_from": "cut from train (10 %, seed 0)",
        "sources": [],
        "licence": "CC-BY 4.0",
        "notes": ["Made for <tests>."],
    }


def force_rows(level, epochs):
    """Attraction and repulsion fall from epoch to epoch, attraction less for rare labels."""
    for epoch in range(1, epochs + 1):
        for rank, third in enumerate(("head", "middle", "tail")):
            yield "training", "train", f"attraction_{third}@{epoch}", level + rank / 10 - 0.8 * (1 - 0.9**epoch)
            yield "training", "train", f"repulsion_{third}@{epoch}", level + rank / 20 - 0.2 * (1 - 0.9**epoch)


def collapse_rows(end, loss, epochs):
    """Label spread goes from 1 to `end`, the loss from 2 `loss` to `loss`."""
    for epoch in range(1, epochs + 1):
        yield "training", "validation", f"label_spread@{epoch}", end + (1 - end) * 0.8**epoch
        yield "training", "validation", f"validation_loss@{epoch}", 9.0
        yield "training", "train", f"training_loss@{epoch}", loss * (1 + 0.8**epoch)
