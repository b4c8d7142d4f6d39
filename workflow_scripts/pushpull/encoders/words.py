"""Word encoders: vocabulary and tokeniser, word vectors from a file, and what TextCNN and LDGN have in common."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from pushpull.encoders.registry import SETTINGS
from pushpull.errors import InputError
from pushpull.files import write_json

PADDING, UNKNOWN = "[PAD]", "[UNK]"  # ids 0 and 1
WEIGHTS = "model.safetensors"


def build_tokenizer(texts: Sequence[str], vocabulary_size: int, min_count: int) -> PreTrainedTokenizerFast:
    """Make a tokeniser of lower-cased words and single punctuation marks; it adds no special tokens.

    Args:
        texts: training texts, and no others.
        vocabulary_size: how many ids there are at most, padding (0) and unknown (1) among them. The most frequent words
            stay; of equally frequent ones those first in code point order.
        min_count: a word that occurs less often is unknown.

    Example:
        >>> build_tokenizer(["The ship, the harbour."], 10, 1)("The SHIP sank.", return_attention_mask=False)
        {'input_ids': [2, 6, 1, 4]}
    """
    words = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    words.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordLevelTrainer(
        vocab_size=vocabulary_size, min_frequency=min_count, special_tokens=[PADDING, UNKNOWN], show_progress=False
    )
    words.train_from_iterator(texts, trainer, length=len(texts))
    # Split special tokens: "[PAD]" in a text is three words like any others, not padding.
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=PADDING, unk_token=UNKNOWN, split_special_tokens=True
    )


def read_vectors(path: str | Path, words: Sequence[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the vectors of `words` from a GloVe file: `word v1 ... vd` a line, UTF-8, optionally gzipped (.gz).

    The file is streamed; only lines of `words` are parsed. A header line of word2vec is passed over, a word may contain
    blanks, and of a word given twice the first line counts.

    Returns:
        Which words were found, int64 [found] (ascending indices into `words`), and their vectors, float32 [found,
        size].

    Raises:
        InputError: the file is missing or damaged; a line has fewer or more than `size` values, or one that is no
            finite number. File and line are named.
    """
    path = Path(path)
    wanted = {word.encode(): index for index, word in enumerate(words)}
    found: dict[int, np.ndarray] = {}
    number = 0
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            for number, word, values in _lines(stream, path, size):
                index = wanted.get(word)
                if index is not None and index not in found:
                    found[index] = _parse(values, path, number)
    except FileNotFoundError:
        raise InputError(f"vectors: {path} is not there; paths are relative to {Path.cwd()}") from None
    except (OSError, EOFError) as error:
        raise InputError(f"{path}, after line {number}: damaged ({error}); fetch the file again") from None
    order = sorted(found)
    vectors = np.stack([found[index] for index in order]) if order else np.empty((0, size), np.float32)
    return np.array(order, np.int64), vectors


def _lines(stream: BinaryIO, path: Path, size: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, word and unparsed values of each line."""
    for number, line in enumerate(stream, start=1):
        line = line.rstrip()
        blanks = line.count(b" ")
        if number == 1 and blanks == 1 and all(field.isdigit() for field in line.split()):
            _check_size(int(line.split()[1]), size, path, number)
        elif blanks == size:  # as nearly always: looking for the first blank is all that most lines need
            begin = line.index(b" ")
            yield number, line[:begin], line[begin + 1 :]
        else:
            fields = line.split(b" ")
            _check_size(_count_values(fields), size, path, number)
            yield number, b" ".join(fields[:-size]), b" ".join(fields[-size:])


def _count_values(fields: list[bytes]) -> int:
    """How many numbers a line ends in; its first field is a word even if it looks like one."""
    words = [place for place, field in enumerate(fields) if place == 0 or np.isnan(_number(field))]
    return len(fields) - 1 - words[-1]


def _number(field: bytes) -> float:
    try:
        return float(field)
    except ValueError:
        return np.nan


def _check_size(values: int, size: int, path: Path, number: int) -> None:
    if values != size:
        raise InputError(
            f"{path}, line {number}: expected a word and {size} values, found {values} values\n"
            "Set `embedding` of the encoder to the size of the file's vectors, or mend the line."
        )


def _parse(values: bytes, path: Path, number: int) -> np.ndarray:
    fields = values.split(b" ")
    vector = np.array([_number(field) for field in fields], np.float32)
    if not np.isfinite(vector).all():
        found = fields[np.isfinite(vector).argmin()].decode(errors="replace")
        raise InputError(f"{path}, line {number}: expected finite numbers, found {found!r}; mend or drop the line")
    return vector


class WordEncoder(nn.Module):
    """Tokeniser and word embeddings. Saved as a folder.

    A subclass names its `architecture` and settings (`config_keys`: attributes, and arguments of its constructor). Its
    forward pass takes `input_ids` and `attention_mask`, both int64 [B, T], and adds `sentence_embedding`, float [B, d].
    """

    architecture: str
    config_keys: tuple[str, ...]
    gives_label_vectors = False

    def __init__(self, tokenizer: PreTrainedTokenizerFast, embedding: int, dropout: float) -> None:
        super().__init__()
        self.tokenizer, self.embedding, self.dropout = tokenizer, embedding, dropout
        self.words = nn.Embedding(len(tokenizer), embedding, padding_idx=tokenizer.pad_token_id)
        # As Kim (2014) starts words that have no vector.
        self._start_words(lambda weight: nn.init.uniform_(weight, -0.25, 0.25))

    def embedded(self, ids: Tensor) -> Tensor:
        """Word vectors [B, T, d] of `input_ids`, single values dropped in training."""
        words = self.words(ids)
        return _drop(words, self.dropout) if self.training and self.dropout else words

    @classmethod
    def from_corpus(cls, card: dict, texts: Sequence[str], labels: np.ndarray) -> "WordEncoder":
        """Build the encoder of a card (`build.build_encoder`) from training texts and labels, uint8 [n, L]."""
        tokenizer = build_tokenizer(texts, card.get("vocabulary", 50_000), card.get("min_count", 2))
        module = cls.from_card(card, tokenizer, labels)
        if card.get("vectors"):
            module.load_vectors(card["vectors"])
        return module

    def _start_words(self, fill: Callable[[Tensor], Tensor]) -> None:
        with torch.no_grad():
            fill(self.words.weight)
            self.words.weight[self.words.padding_idx] = 0

    def load_vectors(self, path: str | Path) -> None:
        """Start from the word vectors of a file; words without one from random numbers as large as those of the others.

        Raises:
            InputError: see `read_vectors`.
        """
        words = self.tokenizer.convert_ids_to_tokens(range(2, len(self.tokenizer)))
        found, vectors = read_vectors(path, words, self.embedding)
        print(f"word vectors: {len(found)} of {len(words)} words found in {path}, the others start random")
        if len(found):
            self._start_words(lambda weight: nn.init.normal_(weight, 0, float(vectors.std())))
            with torch.no_grad():
                self.words.weight[torch.from_numpy(found + 2)] = torch.from_numpy(vectors)

    def save(self, folder: Path, max_tokens: int | None = None) -> None:
        """Write weights, settings and tokeniser; nobody but us opens it, who say `max_tokens` whenever we tokenise."""
        settings = {key: getattr(self, key) for key in ("architecture", *self.config_keys)}
        self.tokenizer.save_pretrained(folder)
        save_file(self.state_dict(), folder / WEIGHTS)
        write_json(folder / SETTINGS, settings)

    @classmethod
    def load(cls, folder: Path) -> "WordEncoder":
        """Read what `save` wrote."""
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
        module = cls(tokenizer, **{key: settings[key] for key in cls.config_keys})
        module.load_state_dict(load_file(folder / WEIGHTS))
        return module


def _drop(values: Tensor, rate: float) -> Tensor:
    """Dropout of single values, as F.dropout; four values share a random number, for the CPU draws one at a time.

    The rate is rounded to 1/65,536, and kept values are scaled by exactly the rounded one.
    """
    kept = max(1, round((1 - rate) * 65_536))
    drawn = torch.empty(-(-values.numel() // 4), dtype=torch.int64, device=values.device).random_(-(2**63), None)
    sixteen_bits = drawn.view(torch.int16)[: values.numel()].view_as(values)
    return values * (sixteen_bits < kept - 32_768).to(values.dtype).mul_(65_536 / kept)
