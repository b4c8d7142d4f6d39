"""Silhouette and Davies-Bouldin of 10,000 x 768 against scikit-learn, and the memory of 200,000 documents.

Time: one share of label sets (all of them), both sides in turn, one thread, best CPU time of several. Memory: peak
resident memory of a process of its own, at full width; it stops after 4 of 782 chunks of rows, which all need the same.
"""

import os
import resource
import subprocess
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, "workflow_scripts")

from time import process_time

import numpy as np
from pushpull.evaluation import clustering
from pushpull.evaluation.clustering import clustering_scores

DOCUMENTS, MANY, WIDTH, CLUSTERS, TIMES, MEMORY_BAR = 10_000, 200_000, 768, 1000, 5, 4.0


def problem(documents, clusters):
    """Embeddings float32, label sets (binary numbers of the cluster) and clusters, long-tailed."""
    generator = np.random.default_rng(0)
    cluster = np.minimum(generator.zipf(1.3, documents), clusters) - 1
    embeddings = generator.standard_normal((documents, WIDTH), dtype=np.float32)
    embeddings += generator.standard_normal((clusters, WIDTH), dtype=np.float32)[cluster]
    return embeddings, ((cluster[:, None] >> np.arange(20)) & 1).astype(np.uint8), cluster


def ours(embeddings, labels, cluster):
    scores = clustering_scores(embeddings, labels, shares=(1.0,))[0]
    return scores["silhouette"], scores["davies_bouldin"]


def scikit_learn(embeddings, labels, cluster):
    from sklearn.metrics import davies_bouldin_score, silhouette_score

    return silhouette_score(embeddings, cluster), davies_bouldin_score(embeddings, cluster)


def seconds(function, *arguments):
    began = process_time()
    scores = function(*arguments)
    return process_time() - began, scores


def memory_of_many():
    """Peak gigabytes of `clustering_scores` of many documents; the loop over rows is cut short."""
    clustering.range = lambda begin, end, step: range(begin, end, step)[: 4 if end == MANY else None]
    embeddings, labels, _ = problem(MANY, MANY // 4)
    clustering_scores(embeddings, labels, sample=MANY)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if sys.argv[1:] == ["memory"]:
    print(memory_of_many())
    sys.exit()
data = problem(DOCUMENTS, CLUSTERS)
runs = [(seconds(ours, *data), seconds(scikit_learn, *data)) for _ in range(TIMES)]
(_, found), (_, expected) = runs[0]
np.testing.assert_allclose(found, expected, rtol=1e-4)  # scikit-learn computes in float32, as the embeddings are
ratio = min(run[1][0] for run in runs) / min(run[0][0] for run in runs)
memory = float(subprocess.run([sys.executable, __file__, "memory"], capture_output=True, check=True).stdout)
print(
    f"clustering of {DOCUMENTS} x {WIDTH}, {len(set(data[2]))} clusters: {ratio:.2f} times as fast as scikit-learn "
    f"(bar 1), silhouette {found[0]:.4f} and Davies-Bouldin {found[1]:.4f} equal; {MANY} documents: {memory:.2f} GB "
    f"(bar {MEMORY_BAR:.0f})"
)
sys.exit(int(ratio < 1 or memory >= MEMORY_BAR))
