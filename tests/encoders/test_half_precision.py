"""The encoder runs in bfloat16 where a GPU computes in it, not where it is emulated, and never on a CPU."""

import pytest
import torch
from pushpull.encoders.encoder import use_bfloat16


@pytest.mark.parametrize(("card", "own"), [("Turing", False), ("Ampere", True)])
def test_emulated_bfloat16_is_not_used(monkeypatch, card, own):
    def supported(including_emulation=True):
        return own or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert use_bfloat16("cuda") == own
    assert not use_bfloat16("cpu")
