"""Vocabulary against counting by hand, word vectors against the file's text, mistakes in the file named by line."""

import gzip
import re
from collections import Counter

import numpy as np
import pytest
import torch
from pushpull.encoders.text_cnn import TextCNN
from pushpull.encoders.tokens import Tokens
from pushpull.encoders.words import build_tokenizer, read_vectors
from pushpull.errors import InputError

TEXTS = ["The ship, the harbour.", "A ship sank; the crew was saved.", "Harbour? Closed!"]
GLOVE = "ship 1 2 -3\nthe 0.5 0 1e-2\ncrane 9 9 9\n. . . 7 7 7\n, -1 0.25 4\nship 8 8 8\n"


def test_ids_go_to_the_most_frequent_words_first_and_ties_in_order_of_code_points():
    documents = [" ".join(np.random.default_rng(seed).choice(list("abcdefghijk,."), 40)) for seed in range(5)]
    counts = Counter(word for text in documents for word in re.findall(r"\w|[.,]", text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    assert len(set(counts.values())) < len(counts)
    tokenizer = build_tokenizer(documents, 9, 1)
    assert tokenizer.convert_ids_to_tokens(range(9)) == ["[PAD]", "[UNK]", *ranked[:7]]
    assert len(tokenizer) == 9
    least = counts[ranked[4]]
    assert len(build_tokenizer(documents, 100, least)) == 2 + sum(count >= least for count in counts.values())


def test_words_are_lower_cased_and_punctuation_marks_stand_alone_without_special_tokens():
    tokenizer = build_tokenizer(TEXTS, 100, 1)
    rows = tokenizer(["THE crew,;was", "", "crane"], truncation=True, max_length=4, return_attention_mask=False)
    words = [tokenizer.convert_ids_to_tokens(row) for row in rows["input_ids"]]
    assert words == [["the", "crew", ",", ";"], [], ["[UNK]"]]
    assert tokenizer.pad_token_id == 0
    assert tokenizer.unk_token_id == 1


def test_the_name_of_the_padding_token_in_a_text_is_no_padding():
    tokenizer = build_tokenizer([*TEXTS, "[pad]"], 100, 1)
    ids = tokenizer("[PAD] the")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["[", "pad", "]", "the"]


def test_decomposed_accents_are_the_same_word():
    tokenizer = build_tokenizer(["caf\u00e9"], 10, 1)
    assert tokenizer("CAFE\u0301")["input_ids"] == [2]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("header", ["", "6 3\n"])
def test_vectors_of_wanted_words_are_read_and_the_first_of_two_counts(tmp_path, packed, header):
    path = tmp_path / ("vectors.txt.gz" if packed else "vectors.txt")
    path.write_bytes(gzip.compress((header + GLOVE).encode()) if packed else (header + GLOVE).encode())
    found, vectors = read_vectors(path, ["anchor", "the", ",", "ship", "."], 3)
    assert found.tolist() == [1, 2, 3]  # ". . ." is not "."
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.array([[0.5, 0, 0.01], [-1, 0.25, 4], [1, 2, -3]], np.float32))


def test_a_file_without_any_wanted_word_gives_no_vectors(tmp_path):
    (tmp_path / "vectors.txt").write_text(GLOVE)
    found, vectors = read_vectors(tmp_path / "vectors.txt", ["anchor"], 3)
    assert len(found) == 0
    assert vectors.shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1 2 3\nship 1 2\n", "line 2: expected a word and 3 values, found 2 values"),
        ("crane 1 2 3 4\n", "line 1: expected a word and 3 values, found 4 values"),
        ("the 1 2 3\ncrane\n", "line 2: expected a word and 3 values, found 0 values"),
        ("the 1 2 3\nat the 1 2 3 4\n", "line 2: expected a word and 3 values, found 4 values"),
        ("100 4\nthe 1 2 3 4\n", "line 1: expected a word and 3 values, found 4 values\nSet `embedding`"),
        ("crane 1 2 3\nship 1 nan 3\n", "line 2: expected finite numbers, found 'nan'; mend"),
        ("ship 1 inf 3\n", "line 1: expected finite numbers, found 'inf'"),
        ("ship 1 0,5 3\n", "line 1: expected finite numbers, found '0,5'"),
    ],
)
def test_a_malformed_line_is_named_with_its_number(tmp_path, text, message):
    path = tmp_path / "vectors.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=f"{re.escape(str(path))}, {re.escape(message)}"):
        read_vectors(path, ["the", "ship"], 3)


def test_a_missing_file_is_named_with_where_it_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"vectors: glove.txt is not there; paths are relative to {tmp_path}"):
        read_vectors("glove.txt", ["the"], 3)


def test_a_compressed_file_that_was_cut_off_is_called_damaged(tmp_path):
    path = tmp_path / "vectors.txt.gz"
    path.write_bytes(gzip.compress(GLOVE.encode())[:-12])
    with pytest.raises(InputError, match=r"vectors.txt.gz, after line \d: damaged"):
        read_vectors(path, ["the"], 3)


def test_words_with_a_vector_start_from_it_and_the_others_as_large(tmp_path, capsys):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    known = {f"known{chr(97 + i)}": rng.normal(0, 3, 50).round(3) for i in range(20)}
    others = [f"other{chr(97 + i)}" for i in range(20)]
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in known.items()))
    encoder = TextCNN(build_tokenizer([*known, *others], 100, 1), 50, [3], 4)
    encoder.load_vectors(path)
    weight = dict(zip(encoder.tokenizer.convert_ids_to_tokens(range(42)), encoder.words.weight.detach(), strict=True))
    for word, vector in known.items():
        np.testing.assert_array_equal(weight[word].numpy(), vector.astype(np.float32))
    assert 2.7 < torch.stack([weight[word] for word in others]).std() < 3.3
    assert not weight["[PAD]"].any()
    assert weight["[UNK]"].any()
    assert "20 of 40 words found" in capsys.readouterr().out


def test_the_padding_vector_stays_zero_in_training():
    torch.manual_seed(0)
    encoder = TextCNN(build_tokenizer(TEXTS, 100, 1), 6, [2, 3], 4)
    batch = Tokens.from_rows([[2, 3], [4, 5, 6, 2]], 0).batch(np.arange(2))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=0.1, weight_decay=0.1)
    before = encoder.words.weight.detach().clone()
    encoder(batch)["sentence_embedding"].sum().backward()
    optimizer.step()
    assert not encoder.words.weight[0].any()
    assert not torch.equal(encoder.words.weight[2], before[2])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
def test_dropout_drops_the_rate_of_single_values_and_keeps_the_mean_and_the_gradient_of_the_others(rate):
    torch.manual_seed(0)
    encoder = TextCNN(build_tokenizer(TEXTS, 100, 1), embedding=331, kernel_widths=[1], feature_maps=2, dropout=rate)
    ids = torch.full((1, 1001), 2)  # 331,331 values: not a multiple of the four that share a number
    words = encoder.train().embedded(ids)
    whole = encoder.words.weight[2].detach()
    dropped = words[0] == 0
    within = 5 * (rate * (1 - rate) / dropped.numel()) ** 0.5
    assert abs(dropped.double().mean() - rate) < within
    assert abs((dropped[:, 1:] & dropped[:, :-1]).double().mean() - rate**2) < within  # neighbours independently
    assert abs((dropped[1:] & dropped[:-1]).double().mean() - rate**2) < within
    torch.testing.assert_close(words[0], torch.where(dropped, 0, whole / (1 - rate)), rtol=2e-4, atol=0)
    words.sum().backward()
    torch.testing.assert_close(encoder.words.weight.grad[2], (~dropped).sum(0) / (1 - rate), rtol=2e-4, atol=0)


def test_dropout_follows_the_seed_and_is_off_outside_training():
    encoder = TextCNN(build_tokenizer(TEXTS, 100, 1), embedding=5, kernel_widths=[1], feature_maps=2, dropout=0.3)
    ids = torch.arange(4)[None]
    draws = [(torch.manual_seed(seed), encoder.train().embedded(ids))[1] for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(*(encoder.embedded(ids) for _ in range(2)))
    assert torch.equal(encoder.eval().embedded(ids), encoder.words.weight[:4][None])
