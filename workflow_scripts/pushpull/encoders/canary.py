"""A numeric canary: does an encoder still give the vectors that it gave before?

Other weights, another tokeniser, pooling or layer, or a library that changed its mind would shift every result and say
nothing. So ten sentences are embedded at each load.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from pushpull.encoders.encoder import Encoder, forward, tokenise
from pushpull.errors import InputError
from pushpull.files import write_json

KNOWN = Path(__file__).with_name("canaries.json")
RECORDS = Path("results/canaries")  # what was not known, from the first load on
DIMENSIONS = 8
# As a share of a vector's length. The sentences run on the CPU in float32, whatever trains later: there, kinds of CPU
# and numbers of threads (and a GPU would) differ by millionths, bfloat16 by thousandths, another pooling by tenths.
TOLERANCE = 1e-3
SENTENCES = (
    "The harbour was closed.",
    "Grain prices rose again in spring.",
    "She repaired the old clock.",
    "Nobody had expected so much rain!",
    "De trein naar Gent had vertraging.",
    "Two proteins bind to the same site.",
    "Which team won on Sunday?",
    "The minister resigned after the vote.",
    "He felt both relieved and sad.",
    "3.5 percent, said the bank",
)


def check_canary(card: dict, encoder: Encoder) -> None:
    """Compare the vectors of ten sentences with the known ones; where none are known, write them down.

    Args:
        card: of a sentence encoder with published weights (`package` or `hub`).
        encoder: as it came from the card, on the CPU; left in eval mode.

    Raises:
        InputError: a vector differs by more than `TOLERANCE` of its length.
    """
    key, found = canary_key(card), canary(encoder)
    record, known = RECORDS / f"{key}.json", json.loads(KNOWN.read_text(encoding="utf-8"))
    if key not in known and not record.is_file():
        write_json(record, found)
        return
    source = KNOWN if key in known else record
    expected = known[key] if key in known else json.loads(record.read_text(encoding="utf-8"))
    off = deviation(found, expected)
    if not off <= TOLERANCE:  # NaN is none
        remove = "its entry there" if key in known else "that file"
        raise InputError(
            f"encoder {key}: vectors of ten sentences differ from the known ones by {off:.2g} of their length, "
            f"allowed: {TOLERANCE:g}\nWeights, tokeniser, pooling or a library are not those of {source}. "
            f"Install the versions of requirements.txt; if the change is meant, remove {remove}."
        )


def canary_key(card: dict) -> str:
    """Name of a card's vectors: source, revision or checksum, layers and pooling, and a digest of changed settings.

    Example:
        >>> canary_key({"package": "minilm", "sha256": "53aa51172d142c89d9", "pooling": "mean", "layers": 2})
        'minilm_53aa51172d14_2_mean'
    """
    source = card.get("hub") or card["package"]
    version = card.get("revision") or card["sha256"]
    parts = [source.replace("/", "--"), version[:12], str(card.get("layers", "all")), card["pooling"]]
    if card.get("config"):
        parts.append(hashlib.sha256(json.dumps(card["config"], sort_keys=True).encode()).hexdigest()[:8])
    return "_".join(parts)


@torch.no_grad()
def canary(encoder: Encoder) -> dict[str, list]:
    """The first values of the sentences' vectors, `vectors` [10][8], and their lengths, `norms` [10]; no prompts."""
    tokens = tokenise(encoder, list(SENTENCES), 32, prompt="")
    vectors = forward(encoder.eval(), tokens.batch(np.arange(len(SENTENCES)))).float().numpy()
    vectors = vectors.astype(np.float64)  # whose decimals are short once rounded
    norms = np.linalg.norm(vectors, axis=1)
    return {"vectors": vectors[:, :DIMENSIONS].round(6).tolist(), "norms": norms.round(6).tolist()}


def deviation(found: dict[str, list], expected: dict[str, list]) -> float:
    """The largest difference of a value or a length, as a share of the expected length of its vector."""
    norms, others = np.array(expected["norms"]), np.array(found["norms"])
    values = np.abs(np.array(found["vectors"]) - np.array(expected["vectors"])).max(1)
    return float((np.maximum(values, np.abs(others - norms)) / norms).max())
