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
SEEDS = (0, 1, 2)


def protocol_of(kind):
    return "linear_probe" if kind in ("pretrained", "contrastive") else "classifier"


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
            name: {"documents": documents} | split
            for name, documents in (("train", train), ("validation", 100), ("test", 12000))
        },
        "validation_from": "cut from train (10 %, seed 0)",
        "sources": [],
        "licence": "CC-BY 4.0",
        "notes": ["Made for <tests>."],
    }
