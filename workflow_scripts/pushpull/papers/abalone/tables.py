"""Tables 1-4 of ABALONE: Exploring Contrastive Learning for Long-Tailed Multi-Label Text Classification."""

from pushpull.papers.abalone.rows import PAPER, ROWS2, ROWS3, TEMPERATURE, clustering_rows, rows_of
from pushpull.tables.captions import describe
from pushpull.tables.cells import corpus_cells, method_cells
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import CORPUS, HAMMING, MACRO_F1, MICRO_F1, Metric
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

CAPTIONS = {
    "figure1": (
        "What the losses do to one anchor (star): a toy example on the unit circle, computed with the real "
        "loss weights. Arrows are as wide as minus the gradient with respect to the similarity; temperature"
        " 0.5, beta 0.1. (a) A queue and prototypes give the anchor positives that its batch lacks. (b) The"
        " proposed loss shares the attraction evenly between a frequent and a rare label and weakens the "
        "repulsion from texts."
    ),
    "figure2": (
        "Clustering quality of test embeddings against the share of the most frequent label sets kept. "
        "Lines: mean over seeds; bands: range of the seeds; large hollow markers at 50 %: printed values of"
        " Table 4."
    ),
    "figure_forces": (
        "Appendix E: what training does to the labels, by epoch. Attraction: minus the mean cosine of two "
        "documents of a batch that share the label; repulsion: mean cosine of a document with the label and one "
        "without. Both are in [−1, 1], lower is better. Means over thirds of the labels by training frequency: "
        "head, middle, tail. A label that no two documents of a batch shared in an epoch is left out, and a third "
        "with fewer than half of its labels left is not drawn. Lines: mean over seeds; bands: range of the seeds."
    ),
    "figure_collapse": (
        "Appendix F: MulCon with and without binary cross-entropy, by epoch. Label spread: 1 minus the squared "
        "length of a label's mean unit vector over validation documents, mean over labels; at 0 every document "
        "has the same vector for a label (collapse). Beside it the training loss, which with BCE is the sum of "
        "the two. Lines: mean over seeds; bands: range of the seeds."
    ),
}
ENCODERS = "RoBERTa-base (Legal-BERT on UK-LEX)"

F1_METRICS = (MICRO_F1, MACRO_F1, HAMMING)
CLUSTER_METRICS = (
    Metric("silhouette", "silhouette ↑", "silhouette@50"),
    Metric("davies_bouldin", "Davies-Bouldin ↓", "davies_bouldin@50"),
)
CORPUS_METRICS = (
    Metric("train_documents", "train", "train", decimals=0),
    Metric("val_documents", "validation", "validation", decimals=0),
    Metric("test_documents", "test", "test", decimals=0),
    *CORPUS,
)


def table1(study: Study) -> Table:
    """Return dataset statistics from the cards; labels and words per document as in the training split."""
    return Table(
        "abalone_table1",
        "ABALONE, Table 1: datasets",
        "Documents per split; labels and words per document in the training split. The paper prints sizes in "
        f"thousands, rounded. Here: study {study.name}.",
        CORPUS_METRICS,
        corpus_cells(study, PAPER, _statistics, CORPUS_METRICS, printed_values(PAPER, "table1")),
        labels(study, []),
        groups=(),
    )


def table2(study: Study) -> Table:
    """Return the ablation of the contrastive loss under the linear probe, over seeds and temperatures."""
    rows = rows_of(study, ROWS2, "pretrained", "contrastive", "label_wise")
    cells = method_cells(study, PAPER, rows, F1_METRICS, printed_values(PAPER, "table2"), pooled=("temperature",))
    return Table(
        "abalone_table2",
        "ABALONE, Table 2: from the baseline to the proposed loss",
        f"Linear probe on the frozen encoder, test split. {describe(study, PAPER)} "
        f"The paper: {ENCODERS}; 3 seeds × temperatures 0.07, 0.1, 0.2; 80 epochs; no spread printed.",
        F1_METRICS,
        cells,
        labels(study, rows),
    )


def table3(study: Study) -> Table:
    """Return the main comparison: supervised losses, contrastive training with a probe or fine-tuning."""
    rows = rows_of(study, ROWS3, "supervised", "contrastive", "label_wise", "finetune")
    return Table(
        "abalone_table3",
        "ABALONE, Table 3: supervised and contrastive training",
        "Test split. Contrastive losses: linear probe on the frozen encoder; the others: own classifier. "
        f"{describe(study, PAPER)} The paper: {ENCODERS}; 3 seeds; temperature {TEMPERATURE}; "
        "80 contrastive epochs; no spread printed.",
        F1_METRICS,
        method_cells(study, PAPER, rows, F1_METRICS, printed_values(PAPER, "table3")),
        labels(study, rows),
    )


def table4(study: Study) -> Table:
    """Return clustering quality with the exact label sets as classes, the most frequent half of them kept."""
    rows = clustering_rows(study)
    return Table(
        "abalone_table4",
        "ABALONE, Table 4: clustering quality",
        "Test embeddings, classes are exact label sets, the most frequent 50 % of the distinct sets kept. "
        f"{describe(study, PAPER)} The paper: {ENCODERS}; 10,000 documents of RCV1-v2; no spread printed.",
        CLUSTER_METRICS,
        method_cells(study, PAPER, rows, CLUSTER_METRICS, printed_values(PAPER, "table4")),
        labels(study, rows),
    )


def _statistics(card: dict) -> dict[str, float]:
    sizes = {split: facts["documents"] for split, facts in card["splits"].items()}
    means = {key: card["splits"]["train"][key] for key in ("labels_per_document", "words_per_document")}
    return sizes | means | {"labels": len(card["labels"])}
