"""Modelling code that a repository of the hub brings along, as text."""

CODE = """from pathlib import Path
import torch
from transformers import BertModel
Path({marker!r}).write_text("run")
class TwiceBert(BertModel):
    def __init__(self, config, **options):
        super().__init__(config, **options)
        self.encoder.register_buffer("factor", torch.full([config.hidden_size], {factor}.0), persistent=False)
    def forward(self, *args, **kwargs):
        assert "lengths" not in kwargs
        output = super().forward(*args, **kwargs)
        output.last_hidden_state = self.encoder.factor * output.last_hidden_state
        return output
"""
# Attends to the tokens that the mask of transformers 4 leaves, as Stella's own modelling file does.
MASKED = """from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput
class MaskedBert(BertModel):
    def forward(self, input_ids=None, attention_mask=None, **options):
        states = self.embeddings(input_ids=input_ids)
        bias = self.get_extended_attention_mask(attention_mask, input_ids.size())[:, 0]
        weights = (states @ states.transpose(1, 2) + bias).softmax(-1)
        return BaseModelOutput(last_hidden_state=weights @ states)
"""
