"""Sentence encoders of the transformers library: token states, pooled to one vector a text, in a folder for others."""

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from pushpull.encoders.packing import first_position, pack, packed_states
from pushpull.files import write_json

MODULES, SETTINGS = "modules.json", "config_sentence_transformers.json"
MODES = ("cls", "mean")


class Pooling(nn.Module):
    """One vector a text: the state of its first token (`cls`) or the mean over its tokens (`mean`)."""

    def __init__(self, width: int, mode: str) -> None:
        super().__init__()
        self.width, self.mode = width, mode

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add `sentence_embedding` [B, h] to `token_embeddings` [B, T, h] and `attention_mask` [B, T]."""
        states = features["token_embeddings"]
        if self.mode == "cls":
            return features | {"sentence_embedding": states[:, 0]}
        mask = features["attention_mask"][:, :, None].to(states)
        # Summed in float32: 512 states in bf16 are off by a hundredth.
        total, tokens = (part.sum(1, dtype=torch.float32) for part in (states * mask, mask))
        return features | {"sentence_embedding": (total / tokens.clamp(min=1)).to(states)}

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return self.width

    def save(self, folder: str) -> None:
        """Write the file that sentence-transformers' own Pooling is built from."""
        settings = {"embedding_dimension": self.width, "pooling_mode": self.mode, "include_prompt": True}
        write_json(Path(folder) / "config.json", settings)


class SentenceEncoder(nn.Module):
    """A transformer and the modules behind it, as sentence-transformers has them, which takes seconds to import.

    Its own modules may stand behind the transformer (`Dense`, `Normalize`, other poolings); `Pooling` is ours.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        behind: Iterable[nn.Module],
        prompts: dict[str, str],
    ) -> None:
        super().__init__()
        self.model, self.tokenizer, self.behind, self.prompts = model, tokenizer, nn.ModuleList(behind), prompts

    def token_states(self, batch: dict[str, Tensor]) -> Tensor:
        """Last hidden states [B, T, h] of a padded batch (`Tokens.batch`), packed where that saves time."""
        ids, first = batch["input_ids"], first_position(self.model)
        if first is not None and (packing := pack(batch["lengths"], ids.device)) is not None:
            return packed_states(self.model, ids, packing, first)
        return self.model(input_ids=ids, attention_mask=batch["attention_mask"]).last_hidden_state

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add `token_embeddings` [B, T, h] and `sentence_embedding` [B, d] to a padded batch."""
        features = features | {"token_embeddings": self.token_states(features)}
        for module in self.behind:
            features = module(features)
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the text vectors."""
        return next(m.get_embedding_dimension() for m in reversed(self.behind) if hasattr(m, "get_embedding_dimension"))

    def save(self, folder: Path, max_tokens: int | None = None) -> None:
        """Write a folder that `SentenceTransformer(folder)` opens; its `encode` cuts texts at `max_tokens`."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
        for number, module in enumerate(self.behind, start=1):
            kind = type(module).__name__
            room = "sentence_transformers.models" if isinstance(module, Pooling) else type(module).__module__
            modules.append({"idx": number, "name": str(number), "path": f"{number}_{kind}", "type": f"{room}.{kind}"})
            (folder / f"{number}_{kind}").mkdir(exist_ok=True)
            module.save(str(folder / f"{number}_{kind}"))
        write_json(folder / MODULES, modules)
        write_json(folder / "sentence_bert_config.json", _text_alone(max_tokens))
        versions = {
            "sentence_transformers": "sentence-transformers",
            "transformers": "transformers",
            "pytorch": "torch",
        }
        settings = {
            "model_type": "SentenceTransformer",
            "__version__": {name: version(package) for name, package in versions.items()},
            "prompts": self.prompts,
            "default_prompt_name": "text" if "text" in self.prompts else None,
        }
        write_json(folder / SETTINGS, settings)


def _text_alone(max_tokens: int | None) -> dict:
    """What sentence-transformers must know of a transformer that reads texts and gives token states."""
    return {
        "transformer_task": "feature-extraction",
        "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        "module_output_name": "token_embeddings",
    } | ({"processing_kwargs": {"text": {"max_length": max_tokens}}} if max_tokens else {})
