"""Packed batches: a few documents in a row and no token attends to another document, so that little is padding.

A packed batch is a pure function of the documents' lengths, and gives the states that a padded one gives, but for
rounding and the random numbers of dropout.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

# Families of the library whose positions may be given: 0 is the first, or what follows the padding id (RoBERTa's).
FROM_ZERO, AFTER_PADDING = {"bert", "albert", "distilbert"}, {"roberta", "xlm-roberta"}
GAIN = 0.9  # rows for each document of the batch; of more, laying out and gathering take what is saved


class Packing(NamedTuple):
    """Where the tokens of a padded batch [B, L] lie in rows [R, L], all int64.

    Attributes:
        source: [R, L], the cell of the padded batch that each token comes from (of an empty cell: any).
        positions: [R, L], of each token in its document.
        documents: [R, L], which document each token is of, -1 in an empty cell.
        cells: [B, L], the cell of the rows where each token lies (of padding: any).
    """

    source: Tensor
    positions: Tensor
    documents: Tensor
    cells: Tensor


def pack(lengths: np.ndarray, device: torch.device | str = "cpu") -> Packing | None:
    """Lay documents out in rows, the longest first, each in the first row with room; None where it saves too little.

    Rows are as long as the longest document: in longer ones, attention between all cells of a row costs what is saved.

    Args:
        lengths: tokens of each document, int64 [B].

    Example:
        >>> pack(np.array([4, 1, 2, 1])).documents.tolist()
        [[0, 0, 0, 0], [2, 2, 1, 3]]
    """
    width = int(lengths.max(initial=1))
    free, places = [], np.zeros((len(lengths), 2), np.int64)
    for document in np.argsort(-lengths, kind="stable"):
        length = lengths[document]
        row = next((row for row, left in enumerate(free) if left >= length), len(free))
        if row == len(free):
            free.append(width)
        places[document] = row, width - free[row]
        free[row] -= length
    if len(free) > GAIN * len(lengths):
        return None
    documents = np.repeat(np.arange(len(lengths)), lengths)
    positions = np.arange(len(documents)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cells = (places[:, 0] * width + places[:, 1])[documents] + positions
    rows = np.zeros((3, len(free) * width), np.int64)
    rows[2] = -1
    rows[:, cells] = documents * width + positions, positions, documents
    back = np.zeros((len(lengths), width), np.int64)
    back[documents, positions] = cells
    packed = torch.from_numpy(rows.reshape(3, len(free), width)).to(device, non_blocking=True)
    return Packing(*packed, torch.from_numpy(back).to(device, non_blocking=True))


def first_position(model: PreTrainedModel) -> int | None:
    """What position a document's first token has; None of a model that cannot be packed.

    Masks of pairs of tokens are those of scaled_dot_product_attention: other ways of attention would add True as 1.
    """
    if model.config._attn_implementation != "sdpa" or getattr(model.config, "is_decoder", False):
        return None
    if model.config.model_type in AFTER_PADDING:
        return model.config.pad_token_id + 1
    return 0 if model.config.model_type in FROM_ZERO else None


def packed_states(model: PreTrainedModel, ids: Tensor, packing: Packing, first: int) -> Tensor:
    """Last hidden states [B, L, h] of a padded batch, computed in packed rows; of padding, those of some token.

    Args:
        ids: int64 [B, L]; first: `first_position` of the model.
    """
    mask = packing.documents[:, None, :, None] == packing.documents[:, None, None, :]
    states = model(
        input_ids=ids.flatten()[packing.source], attention_mask=mask, position_ids=packing.positions + first
    ).last_hidden_state
    return states.flatten(0, 1).index_select(0, packing.cells.flatten()).unflatten(0, packing.cells.shape)
