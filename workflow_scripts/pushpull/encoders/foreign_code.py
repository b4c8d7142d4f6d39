"""What modelling files of a repository, written for transformers 4, lack in transformers 5 (Stella 400M)."""

import torch
from torch import Tensor
from transformers import PreTrainedModel


def mend(model: PreTrainedModel) -> None:
    """Give a model of foreign code its buffers and the method for masks that it inherited before."""
    _restore_buffers(model)
    for kind in {type(module) for module in model.modules() if isinstance(module, PreTrainedModel)}:
        if not hasattr(kind, "get_extended_attention_mask"):
            kind.get_extended_attention_mask = _extended_attention_mask


def _restore_buffers(model: PreTrainedModel) -> None:
    """Compute what a model makes itself and no file holds, such as the tables of rotary positions.

    transformers 5 builds a model without memory and fills in the weights; other buffers keep whatever the memory held.
    Classes of the library mend theirs, code written for transformers 4 does not know.
    """
    with torch.random.fork_rng():
        fresh = type(model)(model.config)
    for name, buffer in fresh.named_non_persistent_buffers():
        owner, _, last = name.rpartition(".")
        setattr(model.get_submodule(owner), last, buffer)


def _extended_attention_mask(
    self: PreTrainedModel, attention_mask: Tensor, input_shape: tuple[int, ...], device=None, dtype=None
) -> Tensor:
    """What to add to attention scores [B, heads, T, T]: 0 for a token, the lowest number for padding, [B, 1, 1, T].

    As transformers 4 had it, for encoders. Source: its modeling_utils.py.
    """
    dtype = dtype or self.dtype
    mask = attention_mask[:, None, None, :] if attention_mask.dim() == 2 else attention_mask[:, None]
    return (1 - mask.to(dtype)) * torch.finfo(dtype).min
