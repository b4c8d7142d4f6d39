"""Tables 2-6 of kNN-MLTC: Contrastive Learning-Enhanced Nearest Neighbor Mechanism (Su, Wang, Dai, ACL 2022)."""

from collections.abc import Mapping

from pushpull.papers.knn_mltc.rows import (
    ABLATION,
    CL_KNN,
    MODEL,
    PAPER,
    WITHOUT_BETA,
    describe_models,
    further_variants,
    neighbours_of,
    rows_of,
)
from pushpull.tables.captions import NO_SPREAD, describe
from pushpull.tables.cells import corpus_cells, method_cells
from pushpull.tables.printed import printed_values
from pushpull.tables.rows import CORPUS, MICRO_F1, Metric, Row
from pushpull.tables.study import Study
from pushpull.tables.table import Table, labels

CAPTIONS = {
    "figure2": (
        "What the number of neighbours and the weight of their vote do to test micro-F1, base models trained with the "
        "contrastive term. Left: against the number of neighbours k, at the temperature and proportion of the study; "
        "k = 0 is the model alone, which the thin dotted line continues; a k above the size of the datastore is left "
        "out. Right: against the proportion λ of the neighbours in the decision, at the k of the study; 0 is the model "
        "alone, 1 the neighbours alone. Lines: mean over seeds; bands: range of the seeds. The grid point is chosen by "
        "validation micro-F1 with kNN. The paper draws RCV1-V2 and prints no numbers: micro-F1 rises, then falls with "
        "k, and is highest at λ = 0.5, with BERT nearly as high at 1."
    ),
    "figure3": (
        "A test document (star) and its 80 nearest neighbours in the training set, or as many as there are, without "
        "(left, trained with BCE) and with the contrastive term (right), by t-SNE of their representations; the two "
        "panels of a row have the same document and no axes in common. Marker and colour: share of the test "
        "document's labels that a neighbour has. Below a panel: labels that the neighbours share with the document, of "
        "all the neighbours' labels. The document is the first test document with at least three labels (or, where "
        "there is none, with the most), by the order of the split. Base model: CNN where the study has one, else the "
        "first encoder; first seed, and of a grid its first point in the configuration."
    ),
    "figure4": (
        "Test micro-F1 against the weight γ of the contrastive term; γ = 0 is training with BCE alone. Solid: with "
        "kNN; dashed: the model alone. Lines: mean over seeds; bands: range of the seeds. The values of γ are evenly "
        "spaced, whatever lies between them. Where several settings have the same γ, the one with the best "
        "validation micro-F1 with kNN (model alone at γ = 0) is drawn."
    ),
}
SAME_RUNS = (
    "Where there are several grid points, the model and +kNN are the runs with the best validation micro-F1 of the "
    "model alone, +CL and +CL+kNN those with the best validation micro-F1 of +CL+kNN: each pair is the same runs."
)

CORPUS_METRICS = (Metric("documents", "documents", "documents", decimals=0), *CORPUS)
MAIN_METRICS = (Metric("hamming_loss", "Hamming loss", "hamming_loss", decimals=5), MICRO_F1)
SHARED_METRICS = (
    Metric("shared_label_proportion", "shared labels (%)", "shared_label_proportion", 100, 1),
    Metric(
        "shared_label_proportion_per_neighbour",
        "mean over neighbours (%)",
        "shared_label_proportion_per_neighbour",
        100,
        1,
    ),
)


def table2(study: Study) -> Table:
    """Return corpus statistics from the cards, over all splits together."""
    return Table(
        "knn_mltc_table2",
        "kNN-MLTC, Table 2: datasets",
        "The whole corpus, training, validation and test documents together; labels and words are means over documents."
        f" Here: study {study.name}.",
        CORPUS_METRICS,
        corpus_cells(study, PAPER, _statistics, CORPUS_METRICS, printed_values(PAPER, "table2")),
        labels(study, []),
        groups=(),
    )


def table3(study: Study) -> Table:
    """Return the main results: base models alone, and with contrastive term and kNN."""
    return _table(
        study,
        "table3",
        "main results",
        f"Base models alone, and with ours: contrastive term and kNN. Hamming loss is a fraction. {SAME_RUNS}",
        {"": MODEL, "+ours": CL_KNN},
        MAIN_METRICS,
    )


def table4(study: Study) -> Table:
    """Return the ablation: model, + kNN, + contrastive term, + both; and further methods of the study."""
    variants = ABLATION | further_variants(study)
    text = f"CL is the contrastive term, trained with the model; kNN mixes the neighbours' labels in. {SAME_RUNS}"
    return _table(study, "table4", "what each part adds", text, variants, (MICRO_F1,))


def table5(study: Study) -> Table:
    """Return the whole method with the number of shared labels in the contrastive term, and with that cut to 0 or 1."""
    text = (
        "+CL+kNN, where the contrastive term weighs a pair of documents by the number of labels they share (with beta) "
        "or by whether they share any (without). Where there are several grid points, validation micro-F1 chooses; "
        "where the two have other grids, the difference is not that of the coefficient alone."
    )
    variants = {" without beta": WITHOUT_BETA, " with beta": CL_KNN}
    return _table(study, "table5", "dynamic coefficient", text, variants, (MICRO_F1,))


def table6(study: Study) -> Table:
    """Return the share of the neighbours' labels that the test document has, with and without contrastive term."""
    text = (
        "Share of the neighbours' labels that the test document has, too. First column, beside the printed numbers: the"
        " labels of all neighbours of a document together, mean over documents. Second column, the other reading of "
        "the paper's words: neighbour by neighbour, mean over a document's neighbours, then over documents. The same "
        "runs as in Table 4."
    )
    variants = {" without CL": neighbours_of(MODEL), " with CL": neighbours_of(CL_KNN)}
    return _table(study, "table6", "labels shared with the neighbours", text, variants, SHARED_METRICS)


def _table(
    study: Study, table: str, title: str, text: str, variants: Mapping[str, Row], metrics: tuple[Metric, ...]
) -> Table:
    rows = rows_of(study, variants)
    parts = ["Test split.", text, describe_models(study), describe(study, PAPER), NO_SPREAD]
    return Table(
        f"{PAPER}_{table}",
        f"kNN-MLTC, {table.replace('table', 'Table ')}: {title}",
        " ".join(filter(None, parts)),
        metrics,
        method_cells(study, PAPER, rows, metrics, printed_values(PAPER, table)),
        labels(study, []),
        groups=("dataset",),
    )


def _statistics(card: dict) -> dict[str, float]:
    splits = card["splits"].values()
    documents = sum(facts["documents"] for facts in splits)
    means = {
        key: sum(facts[key] * facts["documents"] for facts in splits) / documents
        for key in ("labels_per_document", "words_per_document")
    }
    return means | {"documents": documents, "labels": len(card["labels"])}
