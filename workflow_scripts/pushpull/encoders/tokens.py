"""A tokenised corpus: one flat array of token ids, sliced into batches trimmed to their longest document."""

from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Tokens(NamedTuple):
    """Token ids of a corpus.

    Attributes:
        ids: int32 [tokens], all documents one after another.
        offsets: int64 [documents + 1], where each begins.
        pad: the padding id.
    """

    ids: np.ndarray
    offsets: np.ndarray
    pad: int

    @classmethod
    def from_rows(cls, rows: list[list[int]], pad: int) -> "Tokens":
        """Flatten lists of token ids.

        Example:
            >>> Tokens.from_rows([[101, 102], [101, 7, 102]], pad=0).lengths
            array([2, 3])
        """
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return cls(np.fromiter(chain.from_iterable(rows), np.int32, offsets[-1]), offsets, pad)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each document, int64 [documents]."""
        return np.diff(self.offsets)

    def batch(self, rows: np.ndarray, device: str = "cpu") -> dict[str, Tensor | np.ndarray]:
        """`input_ids` and `attention_mask`, both int64 [len(rows), longest of them], and `lengths`, int64 [len(rows)].

        Lengths are no tensor: packing looks at them, and nobody shall wait for a device to tell them.
        """
        lengths = self.lengths[rows]
        mask = np.arange(lengths.max(initial=1)) < lengths[:, None]
        ids = np.full(mask.shape, self.pad, np.int64)
        # Row by row, the cells that the mask keeps are exactly the documents' tokens in order.
        starts = np.repeat(self.offsets[rows] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        ids[mask] = self.ids[starts + np.arange(lengths.sum())]
        return {
            "input_ids": torch.from_numpy(ids).to(device, non_blocking=True),
            "attention_mask": torch.from_numpy(mask.astype(np.int64)).to(device, non_blocking=True),
            "lengths": lengths,
        }
