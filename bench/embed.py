"""Embedding 2,000 documents with MiniLM against SentenceTransformer.encode, from texts to vectors, on the same thread.

Generated reports, one to four a text, cut at 64 tokens; theirs opens the folder that ours saves, and the same vectors
must come out.
Ours in batches of 16, as the pipeline embeds on a CPU; `encode` as it comes, in batches of 32. Both in turn on parts of
250 texts, best CPU time of two rounds for each part.
"""

import os
import sys

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
sys.path.insert(0, "workflow_scripts")

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import yaml
from pushpull.data.readers import read
from pushpull.encoders.build import build_encoder
from pushpull.encoders.encoder import embed, save_encoder, tokenise
from sentence_transformers import SentenceTransformer

DOCUMENTS, REPORTS, PART, MAX_TOKENS, ROUNDS, BAR = 2000, 4, 250, 64, 2, 1.0


def texts():
    """One to four reports one after another."""
    entry = {"reader": "generated", "corpus": "multilabel", "documents": {"train": DOCUMENTS * REPORTS, "test": 24}}
    reports, random = (row.text for row in read(entry, None).splits["train"]), Random(0)
    return [" ".join(next(reports) for _ in range(random.randint(1, REPORTS))) for _ in range(DOCUMENTS)]


def ours(part):
    return embed(encoder, tokenise(encoder, part, MAX_TOKENS), "cpu")


def theirs(part):
    return saved.encode(part, show_progress_bar=False)


def seconds(function, part):
    began = process_time()
    vectors = function(part)
    return process_time() - began, vectors


documents = texts()
card = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["encoders"]["minilm"]
encoder = build_encoder(card, None, None)
with TemporaryDirectory() as folder:
    save_encoder(encoder, Path(folder), MAX_TOKENS)
    saved = SentenceTransformer(folder, device="cpu")
total = np.zeros(2)
for begin in range(0, DOCUMENTS, PART):
    part = documents[begin : begin + PART]
    rounds = [[seconds(side, part) for side in (ours, theirs)] for _ in range(ROUNDS)]
    np.testing.assert_allclose(rounds[0][0][1], rounds[0][1][1], atol=1e-4)
    total += np.min([[spent for spent, _ in sides] for sides in rounds], axis=0)
words, ratio = np.mean([len(text.split()) for text in documents]), total[1] / total[0]
print(
    f"embedding {DOCUMENTS} texts of {words:.0f} words, cut at {MAX_TOKENS} tokens: {DOCUMENTS / total[0]:.0f} a "
    f"second, {ratio:.2f} times as fast as SentenceTransformer.encode (bar {BAR})"
)
sys.exit(int(ratio < BAR))
