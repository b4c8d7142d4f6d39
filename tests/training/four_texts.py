"""Four documents with their labels, as a batch."""

import numpy as np
import torch
from pushpull.encoders.encoder import tokenise

TEXTS = ["grain prices rose", "the port is closed", "rain and grain", "a strike at the port"]
LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1]])


def batch_of(encoder):
    return tokenise(encoder, TEXTS, 16).batch(np.arange(len(TEXTS)))
