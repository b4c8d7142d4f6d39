"""How many documents and tokens pass through the encoder: counted by hand, by run and by dataset."""

from pathlib import Path

import pytest
from estimate_study import AAPD, BYTE_PAIRS, MINE, SMALL, WORDPIECE, WORDS, put_card, settings_of
from pushpull.errors import InputError
from pushpull.estimate.workload import needed_sizes, printed_sizes, sizes, tokens_per_document, work, work_in_documents
from workflow_runs import SHIPPED


def test_tokens_of_a_contrastive_run_with_a_queue():
    done = work(settings_of("contrastive", queue_size=512), SMALL, WORDPIECE)
    assert done.trained == 3 * 100 * 60
    assert done.alongside == 3 * 100 * 60 + 3 * 20 * 60  # momentum encoder, validation
    assert done.afterwards == 3 * (100 + 20) * 60 + (100 + 20 + 40) * 60  # checkpoints compared, embeddings
    assert done.tokens == 18_000 + 21_600 + 21_600 + 9_600
    assert done.passes == 3 * 18_000 + 21_600 + 31_200


def test_tokens_of_a_supervised_run_and_of_an_encoder_as_it_came():
    done = work(settings_of("supervised"), SMALL, WORDPIECE)
    assert done == (3 * 100 * 60, 3 * 20 * 60, 160 * 60)
    assert work({"kind": "pretrained", "max_tokens": 60}, SMALL, WORDPIECE) == (0, 0, 160 * 60)


def test_a_joint_run_passes_as_a_supervised_one_and_patience_saves_nothing_for_certain():
    joint = work(settings_of("joint", patience=1), SMALL, WORDPIECE)
    assert joint == work(settings_of("supervised"), SMALL, WORDPIECE)
    assert work_in_documents(settings_of("joint"), SMALL) == (3 * 100, 3 * 20, 160)


def test_with_label_distances_every_training_document_passes_twice():
    assert work(settings_of("label_distance"), SMALL, WORDPIECE) == (2 * 3 * 100 * 60, 3 * 20 * 60, 160 * 60)
    fewer = settings_of("label_distance", train_documents=25)
    assert work_in_documents(fewer, SMALL) == (2 * 3 * 25, 3 * 20, 160)


def test_a_run_on_fewer_training_documents_is_embedded_whole():
    done = work(settings_of("supervised", train_documents=25), SMALL, WORDPIECE)
    assert done == (3 * 25 * 60, 3 * 20 * 60, 160 * 60)
    assert work(settings_of("supervised", train_documents=900), SMALL, WORDPIECE).trained == 3 * 100 * 60


def test_label_texts_pass_with_every_batch_and_checkpoints_are_compared_on_validation():
    # 7 labels of 8 tokens; batches of 32: 4 of training documents, 1 of validation documents.
    done = work(settings_of("text_label", batch_size=32), SMALL, WORDPIECE)
    assert done.trained == 3 * (100 * 60 + 4 * 56)
    assert done.alongside == 3 * (20 * 60 + 56)
    assert done.afterwards == 3 * 20 * 60 + 160 * 60
    fewer = settings_of("text_label", batch_size=32, train_documents=33)
    many = SMALL._replace(documents=SMALL.documents | {"validation": 257})
    assert work_in_documents(fewer, many) == (3 * (33 + 2 * 7), 3 * (257 + 2 * 7), 3 * 257 + 100 + 257 + 40)


def test_zero_shot_passes_each_text_once_for_every_label():
    settings = {"kind": "zero_shot", "max_tokens": 60}
    assert work(settings, SMALL, WORDPIECE) == (0, 0, 7 * (20 + 40) * (60 + 10))
    assert work_in_documents(settings, SMALL) == (0, 0, 7 * (20 + 40))


@pytest.mark.parametrize(
    ("reader", "tokenizer", "cut", "tokens"),
    [
        ("csv", WORDPIECE, 300, 50 * 1.37 + 2),  # not measured: as newswire
        ("reuters21578", BYTE_PAIRS, 300, 50 * 1.67 + 2),
        ("aapd", BYTE_PAIRS, 300, 50 * 1.10 + 2),
        ("eventdna", WORDPIECE, 300, 50 * 2.12 + 2),
        ("eventdna", BYTE_PAIRS, 300, 50 * 1.67 + 2),  # only in other tokens
        ("aapd", WORDS, 300, 50 * 1.03),  # no special tokens
        ("newsgroups20", WORDPIECE, 300, 50 * 2.01 + 2),
        ("cachopo", WORDS, 300, 50),  # letters and blanks
        ("aapd", BYTE_PAIRS, 57, 57),
        ("aapd", BYTE_PAIRS, 56, 56),
    ],
)
def test_tokens_of_a_document(reader, tokenizer, cut, tokens):
    assert tokens_per_document(SMALL._replace(reader=reader), "train", tokenizer, cut) == pytest.approx(tokens)


def test_the_cut_mean_is_never_below_the_mean_of_cut_lengths():
    lengths = [3, 40, 55, 61, 200]
    words = sum(lengths) / len(lengths)
    size = SMALL._replace(words={"train": words})
    exact = sum(min(length * 1.37 + 2, 60) for length in lengths) / len(lengths)
    assert exact < tokens_per_document(size, "train", WORDPIECE, 60)


def test_sizes_come_from_the_card_of_a_prepared_dataset(tiny_data, empty):
    from pushpull.data.dataset import read_texts

    Path("results/data").mkdir(parents=True)
    Path("results/data/tiny").symlink_to(tiny_data)
    found = sizes("tiny", {"reader": "generated"})
    assert found.documents == {"train": 90, "validation": 40, "test": 40}
    assert found.labels == 24
    for split, mean in found.words.items():
        texts = read_texts(tiny_data, split)
        assert mean == pytest.approx(sum(len(text.split()) for text in texts) / len(texts))


def test_a_card_goes_before_the_printed_size(empty):
    assert sizes("aapd", AAPD).documents == {"train": 42_500, "validation": 4_800, "test": 8_500}
    assert set(sizes("aapd", AAPD).words.values()) == {163}
    assert sizes("aapd", AAPD).labels == 54
    put_card("aapd", (10, 20, 30), (5, 6, 7))
    assert sizes("aapd", AAPD).documents == {"train": 10, "validation": 20, "test": 30}
    assert sizes("aapd", AAPD).words == {"train": 5, "validation": 6, "test": 7}
    assert sizes("aapd", AAPD).labels == 2


def test_a_corpus_that_is_printed_whole_has_the_split_that_follows():
    for name, train, labels in (("AAPD", 53_840, 54), ("RCV1-V2", 802_414, 103)):
        found = printed_sizes("knn_mltc", name, "csv")
        assert found.documents == {"train": train, "validation": 1000, "test": 1000}
        assert found.labels == labels


@pytest.mark.parametrize(
    ("dataset", "train", "test", "words", "labels"),
    [
        ("trec6", 5_452, 500, (10.2, 7.5), 6),
        ("mr", 7_108, 3_554, (21.0, 21.0), 2),
        ("r8", 5_485, 2_189, (105.3, 95.1), 8),
        ("r52", 6_532, 2_568, (112.3, 102.6), 52),
        ("newsgroups20", 11_314, 7_532, (287.5, 277.9), 20),
    ],
)
def test_clld_prints_training_and_test_documents_and_a_tenth_is_validation(empty, dataset, train, test, words, labels):
    found = sizes(dataset, SHIPPED["datasets"][dataset])
    assert found.documents["train"] + found.documents["validation"] == train
    assert found.documents["validation"] == pytest.approx(train / 10, abs=1)
    assert found.documents["test"] == test
    assert (found.words["train"], found.words["test"]) == words
    assert found.words["validation"] == found.words["train"]
    assert found.labels == labels


@pytest.mark.parametrize(
    ("dataset", "train", "validation", "test", "labels", "assumed"),
    [
        ("semeval2018", 6_838, 886, 3_259, 11, False),
        ("reuters21578", 7_770 - 786, 786, 3_019, 90, False),
        ("eventdna", 1_237, 171, 1_771 - 1_237 - 171, 17, False),
        ("biotech", 2_759 - 276, 276, 3_140 - 2_759, 29, True),
        ("litcovid", 24_960, 6_239, 2_500, 7, True),
    ],
)
def test_datasets_of_push_and_pull_have_sizes_and_what_is_assumed_is_called_so(
    empty, dataset, train, validation, test, labels, assumed
):
    found = sizes(dataset, SHIPPED["datasets"][dataset])
    assert found.documents == {"train": train, "validation": validation, "test": test}
    assert found.labels == labels
    assert ("assum" in found.source) == assumed
    assert (found.source == "published files, counted") == (not assumed)


def test_what_clld_does_not_print_has_no_size_before_it_is_prepared(empty):
    for dataset in ("r8_sgml", "r52_sgml", "newsgroups20_stripped"):
        assert sizes(dataset, SHIPPED["datasets"][dataset]) is None


def test_a_dataset_of_unknown_size_is_named_with_the_next_step(empty):
    wrong = MINE | {"printed_as": {"abalone": "Reuters"}}
    assert printed_sizes("abalone", "Reuters", "csv") is None
    with pytest.raises(InputError, match=r"dataset mine: .*printed_as.*\n.*snakemake .*results/data/mine/card\.json"):
        needed_sizes("mine", wrong)
