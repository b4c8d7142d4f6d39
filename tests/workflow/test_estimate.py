"""GPU hours before anything is run: counted tokens, measured or printed throughput, and what the command prints."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from pushpull.config import check
from pushpull.errors import InputError
from pushpull.estimate.encoders import Encoder, encoder_of
from pushpull.estimate.printout import by_artefact, estimate, jobs, load_config, main, report
from pushpull.estimate.shown import SHOWN, runs_shown
from pushpull.estimate.throughput import FAMILY, Rate, hours, operations, printed_rates, rate_for, rates
from pushpull.estimate.workload import (
    COMPARING,
    SPLITS,
    VALIDATION_BATCH,
    Sizes,
    needed_sizes,
    printed_sizes,
    sizes,
    tokens_per_document,
    work,
    work_in_documents,
)
from pushpull.paper.names import ARTEFACTS
from pushpull.plan import Plan
from pushpull.settings import CLASSIFIER, KINDS, defaults
from workflow_runs import ROOT, job_counts

SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())
WORDPIECE, BYTE_PAIRS, WORDS = "wordpiece", "bpe", "words"
# 100, 20 and 40 documents of 50 words; Reuters-21578 has 1.37 tokens a word: 68.5 + 2 = 70.5 tokens, cut at 60.
SMALL = Sizes(
    {"train": 100, "validation": 20, "test": 40}, dict.fromkeys(("train", "validation", "test"), 50), 7, "csv", ""
)
AAPD = {"title": "AAPD", "task": "multi", "reader": "aapd", "printed_as": {"abalone": "AAPD"}}
UK_LEX = {"title": "UK-LEX", "task": "multi", "reader": "uk_lex", "printed_as": {"abalone": "UK-LEX"}}
MINE = {
    "title": "Mine",
    "task": "multi",
    "reader": "csv",
    "files": {"train": "a.csv", "test": "b.csv"},
    "text": "t",
    "labels": "l",
}
MINILM, ROBERTA, BERT = (encoder_of(name, SHIPPED["encoders"][name], 7) for name in ("minilm", "roberta", "bert"))
GPU = "NVIDIA H100"


def settings_of(kind: str, **given) -> dict:
    return defaults(kind) | {"kind": kind, "max_tokens": 60, "epochs": 3, **given}


def config_of(*experiments: dict, seeds: tuple[int, ...] = (1, 2)) -> dict:
    """A checked configuration with the study `own`; the datasets `aapd` and `uk_lex` have printed sizes only."""
    config = deepcopy(SHIPPED)
    config["datasets"] |= {"aapd": AAPD, "uk_lex": UK_LEX, "mine": MINE}
    common = {"papers": ["abalone"], "datasets": ["aapd"], "encoders": ["roberta"]}
    config["studies"]["own"] = {
        "title": "own",
        "seeds": list(seeds),
        "experiments": [common | experiment for experiment in experiments],
    }
    config["study"] = "own"
    check(config)
    return config


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Path:
    """A folder without results, where the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def put_card(dataset: str, documents: tuple[int, int, int], words: tuple[float, float, float]) -> None:
    facts = {
        name: {"documents": count, "words_per_document": mean}
        for name, count, mean in zip(SPLITS, documents, words, strict=True)
    }
    put(Path(f"results/data/{dataset}/card.json"), {"splits": facts, "labels": [{"name": "a"}, {"name": "b"}]})


def put_run(method: str, pace: float | None, device: str = GPU, dataset: str = "mine", seed: int = 1, **given) -> None:
    """A recorded run of full MiniLM."""
    kind = SHIPPED["methods"][method]["kind"]
    record = {
        "dataset": dataset,
        "encoder": "minilm",
        "encoder_card": SHIPPED["encoders"]["minilm"],
        "settings": settings_of(kind, **given),
        "device": device,
        "tokens_per_second": pace,
    }
    put(Path(f"results/runs/{dataset}/minilm/{method}/x/seed{seed}/run.json"), record)


# Tokens.


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


# Throughput.


@pytest.mark.parametrize("name", ["minilm", "minilm_2"])
def test_parameters_of_an_encoder_are_those_of_its_layers(name):
    from pushpull.encoders.sentence import load_encoder

    card = SHIPPED["encoders"][name]
    model = load_encoder(card)[0].model
    assert encoder_of(name, card, 7).parameters == sum(p.numel() for p in model.encoder.parameters())


def test_bert_is_as_large_as_roberta_with_other_tokens():
    assert ROBERTA._replace(tokenizer=WORDPIECE) == BERT


def weights(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_a_token_passes_twelve_times_through_alberts_one_layer():
    import torch
    from transformers import AlbertConfig, AlbertModel

    # The published configuration of albert-base-v2.
    sizes = {"embedding_size": 128, "hidden_size": 768, "intermediate_size": 3072}
    with torch.device("meta"):
        model = AlbertModel(AlbertConfig(**sizes, num_attention_heads=12, num_hidden_layers=12))
    (layer,) = model.encoder.albert_layer_groups
    assert encoder_of("albert", SHIPPED["encoders"]["albert"], 7).parameters == 12 * weights(layer) == 85_054_464


@pytest.mark.parametrize(
    ("encoder", "family", "hidden", "layers"),
    [
        ("bge_base", "Bert", 768, 12),
        ("bge_large", "Bert", 1024, 24),
        ("gist_large", "Bert", 1024, 24),
        ("e5_dutch", "XLMRoberta", 768, 12),
        ("deberta_nli", "DebertaV2", 768, 12),
    ],
)
def test_parameters_of_the_encoders_of_push_and_pull_are_those_of_their_layers(encoder, family, hidden, layers):
    import torch
    import transformers

    # As in the published configurations; DeBERTa-v3 projects its relative positions with the matrices of the words.
    sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": hidden // 64}
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "share_att_key": True}
    config = getattr(transformers, f"{family}Config")
    with torch.device("meta"):
        model = getattr(transformers, f"{family}Model")(
            config(**sizes, intermediate_size=4 * hidden, **(relative if family == "DebertaV2" else {}))
        )
    found = encoder_of(encoder, SHIPPED["encoders"][encoder], 7)
    assert found == Encoder(weights(model.encoder.layer), WORDPIECE)


def test_a_gate_makes_stella_a_third_larger_than_other_large_encoders():
    stella = encoder_of("stella_400m", SHIPPED["encoders"]["stella_400m"], 7).parameters
    assert stella / encoder_of("bge_large", SHIPPED["encoders"]["bge_large"], 7).parameters == pytest.approx(
        4 / 3, abs=0.001
    )
    # Its own count: 435 million, of which 31 million look up words and 1 million are the dense layer behind.
    assert stella == pytest.approx(435e6 - 30_528 * 1024 - 1024**2, rel=0.005)


def test_dropout_of_a_card_changes_no_size():
    for name in ("albert", "text_cnn"):
        card = SHIPPED["encoders"][name]
        without = {key: value for key, value in card.items() if key != "dropout"}
        assert without != card
        assert encoder_of(name, card, 7) == encoder_of(name, without, 7)


@pytest.mark.parametrize("given", [{}, {"embedding": 20, "kernel_widths": [2, 3], "feature_maps": 8, "hidden": 12}])
def test_parameters_of_the_word_encoders_are_those_of_their_layers(given):
    import numpy as np
    from pushpull.encoders.build import build_encoder

    labels = np.eye(7, dtype=np.uint8)
    card = {"architecture": "text_cnn", **given}
    module = build_encoder(card, ["a b"] * 2, labels)
    assert encoder_of("cnn", card, 7) == Encoder(weights(module.convolutions), WORDS)

    card = {"architecture": "ldgn", **given}
    module = build_encoder(card, ["a b"] * 2, labels)
    half, found = module.hidden // 2, encoder_of("ldgn", card, 7)
    # By word: the LSTMs, a score for each label, W1, the weights along the static graph, and their sum.
    lstm = weights(module.rightward) + weights(module.leftward)
    assert found.parameters == lstm + module.queries.numel() + weights(module.static[0]) + 7 * 7 + 7 * half
    # By document: four maps of every label vector, two graphs applied (As, and Ad twice), one made.
    assert found.per_document == 7 * 4 * half**2 + 4 * 7 * 7 * half


def test_operations_of_ldgn_count_words_and_documents():
    ldgn = Encoder(parameters=1000, tokenizer=WORDS, per_document=50_000)
    assert ldgn.operations(tokens=30, documents=2) == 2 * (30 * 1000 + 2 * 50_000)
    # 50 words x 1.24 = 62 tokens, cut at 60; 3 epochs of (3 x 100 + 20) passes, then 160.
    found = operations(settings_of("joint"), SMALL, ldgn)
    assert found.training == 2 * (3 * 320) * (60 * 1000 + 50_000)
    assert found.whole == 2 * (3 * 320 + 160) * (60 * 1000 + 50_000)


def test_hours_grow_with_the_parameters_and_layers_of_the_encoder():
    rate = Rate("classifier", MINILM, 1e12, GPU, 1, "")
    spent = {encoder: hours(encoder.operations(1e12, 0), rate) for encoder in (MINILM, ROBERTA)}
    # 2 operations x 10,646,784 parameters x 10^12 tokens / 10^12 a second = 21,293,568 s
    assert spent[MINILM] == pytest.approx(21_293_568 / 3600)
    assert spent[ROBERTA] / spent[MINILM] == pytest.approx(85_054_464 / 10_646_784)
    third = encoder_of("minilm_2", SHIPPED["encoders"]["minilm_2"], 7)
    assert hours(third.operations(1e12, 0), rate) / spent[MINILM] == pytest.approx(2 / 6)


def test_an_encoder_of_unknown_size_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"encoders\.mine: .*FacebookAI/roberta-bas'.*did you mean.*roberta-base'"):
        encoder_of("mine", {"hub": "FacebookAI/roberta-bas"}, 7)


def test_printed_costs_give_themselves_back():
    aapd = printed_sizes("abalone", "AAPD", "aapd")
    contrastive = defaults("contrastive") | {"kind": "contrastive", "queue_size": 512}
    finetune = defaults("finetune") | {"kind": "finetune", "epochs": 10}
    for settings, wanted in ((contrastive, 25), (finetune, 1.5)):
        rate = rate_for(printed_rates(), settings["kind"], ROBERTA)
        assert hours(operations(settings, aapd, ROBERTA).training, rate) == pytest.approx(wanted)
        assert f"{wanted:g} h" in rate.source
        assert "A6000" in rate.source


def test_the_printed_contrastive_rate_by_hand():
    # 163 words x 1.10 + 2 = 181.3 tokens; a queue: 3 + 1 passes of 42,500 documents, 1 of 4,800; 80 epochs in 25 h
    passes = 181.3 * (4 * 42_500 + 4_800) * 80
    rate = rate_for(printed_rates(), "contrastive", ROBERTA)
    assert rate.flops == pytest.approx(2 * 85_054_464 * passes / 90_000)


def test_runs_on_a_gpu_go_before_printed_costs(empty):
    config = config_of({"methods": {"base": None}})
    put_card("mine", (100, 20, 40), (50, 50, 50))
    put_run("msc", pace=1000, queue_size=512)
    (rate,) = rates(config)
    # A thousand training tokens a second pass 3 times, once through the momentum encoder, and 20 of 100 in validation.
    assert rate.flops == pytest.approx(2 * 10_646_784 * 1000 * (4 + 20 / 100))
    assert (rate.family, rate.device, rate.encoder) == ("contrastive", GPU, MINILM)
    assert rate_for([rate], "supervised", ROBERTA) is rate
    assert rate.source == f"results/runs: {GPU}, minilm, median of 1"


def test_the_pace_of_a_run_with_label_distances_counts_a_document_once_though_it_passes_twice(empty):
    config = config_of({"methods": {"base": None}})
    put_card("mine", (100, 20, 40), (50, 50, 50))
    put_run("clld", pace=1000)
    (rate,) = rates(config)
    # A thousand tokens a second pass twice forward and twice backward, and 20 of 100 in validation.
    assert rate.flops == pytest.approx(2 * 10_646_784 * 1000 * (2 * 3 + 20 / 100))
    assert rate.family == "classifier"


def test_the_pace_of_a_run_with_label_texts_counts_documents_alone(empty):
    config = config_of({"methods": {"base": None}})
    put_card("mine", (100, 20, 40), (50, 50, 50))
    put_run("text_to_label", pace=6000, batch_size=25)
    (rate,) = rates(config)
    # In an epoch, a second, 100 documents and 4 times 2 labels of 8 tokens pass three times, 20 and 2 labels once.
    assert rate.flops == pytest.approx(2 * 10_646_784 * (3 * (6000 + 4 * 16) + 20 * 60 + 16))


def test_runs_that_tell_nothing_of_a_gpu_are_left_out(empty):
    config = config_of({"methods": {"base": None}})
    put_card("mine", (100, 20, 40), (50, 50, 50))
    put_run("bce", pace=1000, device="x86_64 CPU", seed=1)
    put_run("bce", pace=None, seed=2)
    put_run("bce", pace=1000, dataset="gone", seed=3)
    put_run("bce", pace=1000, dataset="r8_sgml", seed=4)  # no card, not printed
    assert rates(config) == printed_rates()


def test_of_several_gpus_the_one_with_most_runs_and_of_these_the_median(empty):
    config = config_of({"methods": {"base": None}})
    put_card("mine", (100, 20, 40), (50, 50, 50))
    for seed, pace in enumerate((100, 300, 200), start=1):
        put_run("bce", pace=pace, seed=seed)
    for seed in (4, 5):
        put_run("bce", pace=900, device="other GPU", seed=seed)
    put_run("base", pace=500)
    found = {rate.family: rate for rate in rates(config)}
    assert {rate.device for rate in found.values()} == {GPU}
    assert found["classifier"].flops == pytest.approx(2 * 10_646_784 * 200 * 3.2)
    assert found["contrastive"].flops == pytest.approx(2 * 10_646_784 * 500 * 3.2)
    assert rate_for(list(found.values()), "finetune", ROBERTA) == found["classifier"]


def test_a_rate_of_the_same_encoder_goes_before_one_of_more_runs():
    same = Rate("classifier", ROBERTA, 1.0, GPU, 1, "")
    others = [Rate("classifier", MINILM, 2.0, GPU, 9, ""), Rate("contrastive", ROBERTA, 3.0, GPU, 9, "")]
    assert rate_for([*others, same], "supervised", ROBERTA) == same


def test_every_kind_of_method_has_a_family_and_the_right_checkpoints():
    from pushpull.training import loop
    from pushpull.training.registry import OBJECTIVES

    assert set(FAMILY) == set(KINDS)
    # A classifier has a validation micro-F1, which decides.
    assert OBJECTIVES.keys() - {*CLASSIFIER} == COMPARING.keys()
    assert loop.VALIDATION_BATCH == VALIDATION_BATCH


# What tables and figures show.


def test_it_is_said_of_every_table_and_figure_what_it_shows():
    assert {paper: tuple(shown) for paper, shown in SHOWN.items()} == ARTEFACTS


def shown_counts(plan: Plan) -> dict[str, int]:
    names = ("table1", "table2", "table3", "table4", "figure2")
    return {name: len(runs_shown(plan, "abalone", name)) for name in names}


def test_a_table_has_its_methods_and_its_temperatures():
    grid = {"temperature": [0.07, 0.1, 0.2]}
    methods = {"pretrained": None, "bce": None, "focal": None, "base": grid, "base_queue": grid, "base_ft": None}
    config = config_of({"datasets": ["mine"], "methods": methods})
    # Two seeds: pretrained 1, bce 2, focal 2, base 6 (2 at 0.1), base_queue 6, base_ft 2.
    assert shown_counts(Plan(config)) == {
        "table1": 0,
        "table2": 1 + 6 + 6,
        "table3": 2 + 2 + 2 + 2,
        "table4": 1 + 2 + 2 + 2,
        "figure2": 1 + 2 + 2 + 2,
    }


def test_where_no_run_has_the_tables_temperature_all_are_shown():
    config = config_of({"datasets": ["mine"], "methods": {"base": {"temperature": [0.07, 0.2]}}})
    assert shown_counts(Plan(config))["table3"] == 4


def test_a_further_method_is_in_every_table_that_it_fits():
    config = config_of({"datasets": ["mine"], "methods": {"jscl": None, "mulcon": None}})
    assert shown_counts(Plan(config)) == {"table1": 0, "table2": 4, "table3": 4, "table4": 4, "figure2": 4}


def test_a_dataset_counts_for_the_tables_that_print_it():
    config = config_of({"datasets": ["aapd", "uk_lex"], "methods": {"base": None}}, seeds=(1,))
    plan = Plan(config)
    found = {
        name: {run.dataset for run in runs_shown(plan, "abalone", name)} for name in ("table2", "table3", "table4")
    }
    # Table 2: AAPD and RCV1-v2; Table 3: all three; Table 4: RCV1-v2.
    assert found == {"table2": {"aapd"}, "table3": {"aapd", "uk_lex"}, "table4": set()}


def test_what_each_artefact_of_knn_mltc_shows():
    """Two seeds, two weights: bce 2 runs, joint 4, joint_binary 2, and a further supervised method with 2."""
    methods = {"bce": None, "joint": {"contrastive_weight": [0.01, 0.1]}, "joint_binary": None, "focal": None}
    common = {"papers": ["knn_mltc"], "encoders": ["cnn"], "methods": methods}
    plan = Plan(config_of(common | {"datasets": ["aapd_usual"]}))
    found = {name: runs_shown(plan, "knn_mltc", name) for name in ARTEFACTS["knn_mltc"]}
    assert {name: len(runs) for name, runs in found.items()} == {
        "table2": 0,
        "table3": 2 + 4,
        "table4": 2 + 4 + 2,
        "table5": 2 + 4,
        "table6": 2 + 4,
        "table7": 1,
        "table8": 1,
        "table_ladder": 2 + 4 + 2,
        "figure2": 4,
        "figure3": 2,
        "figure4": 2 + 4,
    }
    assert {run.method for run in found["table4"]} == {"bce", "joint", "focal"}
    # One run of each dataset and encoder is timed, and a pair of them drawn among neighbours.
    assert found["table7"] == found["table8"] == plan.inference()
    assert found["figure3"] == plan.neighbourhoods()


def test_what_each_artefact_of_clld_shows():
    """Two seeds; on 20 Newsgroups also three further variants with BERT, and a method of another paper."""
    both = {"datasets": ["trec6", "newsgroups20"], "methods": {"cross_entropy": None, "clld": None}}
    further = {"clld_constant": None, "clld_everywhere": None, "clld_adaptive": None, "focal": None}
    config = config_of(
        {"papers": ["clld"], "encoders": ["bert", "text_cnn"], **both},
        {"papers": ["clld"], "encoders": ["bert"], "datasets": ["newsgroups20"], "methods": further},
    )
    plan = Plan(config)
    found = {name: runs_shown(plan, "clld", name) for name in ARTEFACTS["clld"]}
    assert {name: len(runs) for name, runs in found.items()} == {
        "table2": 2 * 2 * 2 * 2,
        "table3": 2 * 2 * 2 + 2 * 4,  # 20 Newsgroups only
        "table_ladder": 16 + 2 * 3,
        "figure2": 1,
    }
    assert {run.dataset for run in found["table3"]} == {"newsgroups20"}
    assert {run.method for run in found["table_ladder"]} == {*both["methods"], *further} - {"focal"}
    assert found["figure2"] == [run for run in plan.label_distances() if run.method == "clld_adaptive"]


PUSH_PULL = (
    {
        "papers": ["push_pull"],
        "encoders": ["minilm"],
        "methods": {"pretrained": None, "bce": None, "text_to_label": None, "cosine_bce": None, "focal": None},
    },
    {"papers": ["push_pull"], "encoders": ["deberta_nli"], "methods": {"zero_shot": None}},
)


def test_what_each_artefact_of_push_and_pull_shows():
    """Two seeds: pretrained 1 run, two losses 4, bce 2, a further classifier 2, zero_shot 1."""
    plan = Plan(config_of(*PUSH_PULL))
    found = {name: len(runs_shown(plan, "push_pull", name)) for name in ARTEFACTS["push_pull"]}
    assert found == {"table1": 1 + 4 + 2 + 2 + 1, "table_rules": 1 + 4 + 1, "table_ladder": 1 + 4, "figure1": 1 + 4}


def test_label_texts_and_zero_shot_are_in_no_table_of_another_paper():
    papers = [paper for paper in ARTEFACTS if paper != "push_pull"]
    methods = {"text_to_label": None, "margin": None}
    zero_shot = PUSH_PULL[1] | {"papers": papers, "datasets": ["mine"]}
    plan = Plan(config_of({"papers": papers, "datasets": ["mine"], "methods": methods}, zero_shot))
    assert len(plan.papers["abalone"]) == 2 * 2 + 1
    shown = {(paper, name): runs_shown(plan, paper, name) for paper in papers for name in ARTEFACTS[paper]}
    assert {place for place, runs in shown.items() if runs} == set()


# What is printed.


def numbers(text: str, line: str) -> tuple[int, float, float]:
    """Runs, 10^9 tokens and GPU hours of a line."""
    found = re.search(rf"^{line} +([\d,]+) +([\d,.]+) +([\d,.]+) ", text, re.MULTILINE)
    count, tokens, spent = (group.replace(",", "") for group in found.groups())
    return int(count), float(tokens), float(spent)


def test_a_run_that_tables_share_counts_once_in_the_total(empty):
    config = config_of({"methods": {"base": {"queue_size": 512}, "bce": {"epochs": 10}}})
    text = report(config)
    assert numbers(text, "abalone_table2")[0] == 2
    assert numbers(text, "abalone_table3")[0] == 4
    runs, tokens, spent = numbers(text, "abalone, a shared run once")
    assert runs == 4
    # 181.3 tokens. base: 80 x (2 x 42,500 + 4,800), 3 x 47,300 + 55,800; bce: 10 x 47,300 + 55,800; two seeds.
    counted = 80 * 89_800 + 3 * 47_300 + 55_800 + 10 * 47_300 + 55_800
    assert tokens == pytest.approx(2 * 181.3 * counted / 1e9, abs=0.005)
    # As printed, 25 h and 1.5 h, and what follows training at the same rates.
    after = 25 * (3 * 47_300 + 55_800) / (80 * 174_800) + 1.5 * 55_800 / (10 * 132_300)
    assert spent == pytest.approx(2 * (25 + 1.5 + after), abs=0.05)


def test_every_line_names_where_its_throughput_is_from(empty):
    text = report(config_of({"methods": {"base": None, "bce": None}}))
    assert re.search(r"^aapd  roberta  base .*\[1\]$", text, re.MULTILINE)
    assert re.search(r"^aapd  roberta  bce .*\[2\]$", text, re.MULTILINE)
    assert re.search(r"^abalone_table3 .*\[1\] \[2\]$", text, re.MULTILINE)
    assert re.search(r"^  \[1\] .* Tflop/s: ABALONE prints 25 h .*A6000$", text, re.MULTILINE)
    assert re.search(r"^  \[2\] .* Tflop/s: ABALONE prints 1\.5 h .*A6000$", text, re.MULTILINE)
    assert "about 5,000 h" in text
    assert re.search(
        r"^  aapd: 42,500 / 4,800 / 8,500 documents, 163 words .* 1\.1 tokens a word .*measured", text, re.M
    )


def test_hours_of_clld_by_hand(empty):
    methods = {"cross_entropy": {"epochs": 50}, "clld": {"epochs": 50}}
    entry = {"papers": ["clld"], "datasets": ["newsgroups20"], "encoders": ["bert"], "settings": {"max_tokens": 128}}
    text = report(config_of(entry | {"methods": methods}))
    # 287.5 words are cut at 128 tokens. 11,314 - 1,132 training documents once or twice, 1,132 in validation, all
    # 18,846 embedded; RoBERTa-base, as large, passes 10 x (3 x 42,500 + 4,800) documents of 181.3 tokens in 1.5 h.
    for method, views in (("cross_entropy", 1), ("clld", 2)):
        runs, tokens, spent = numbers(text, f"newsgroups20  bert  {method}")
        assert runs == 2
        assert tokens == pytest.approx(2 * 128 * (50 * (views * 10_182 + 1_132) + 18_846) / 1e9, abs=0.005)
        passes = 128 * (50 * (3 * views * 10_182 + 1_132) + 18_846)
        assert spent == pytest.approx(2 * 1.5 * passes / (181.3 * 1_323_000), abs=0.05)


def test_the_shipped_study_of_the_papers_is_reckoned_without_any_data(empty):
    text = report(load_config("papers", ROOT / "config.yaml"))
    totals = {paper: numbers(text, f"{paper}, a shared run once") for paper in ARTEFACTS}
    assert totals["abalone"][2] == pytest.approx(4571, abs=0.5)  # as in the README
    runs, tokens, spent = numbers(text, "all papers, each run once")
    assert runs == sum(total[0] for total in totals.values())
    assert tokens == pytest.approx(sum(total[1] for total in totals.values()), abs=0.02)
    assert spent == pytest.approx(sum(total[2] for total in totals.values()), abs=0.2)
    assert min(total[2] for total in totals.values()) > 0


def test_hours_of_all_runs_are_the_sum_of_those_of_the_methods(empty):
    config = config_of({"methods": {"pretrained": None, "base": None, "bce": {"epochs": [10, 40]}, "base_ft": None}})
    plan = Plan(config)
    frame = estimate(plan, {"aapd": printed_sizes("abalone", "AAPD", "aapd")}, printed_rates())
    assert list(frame.index) == [run.path for run in plan.runs()]
    total = numbers(by_artefact(plan, "abalone", frame), "abalone, a shared run once")
    assert total[2] == pytest.approx(frame.groupby("method").hours.sum().sum(), abs=0.05)


def test_jobs_are_those_that_snakemake_plans(quick_plan):
    found = jobs(Plan(SHIPPED))
    planned = job_counts(quick_plan)
    assert found == {rule: planned[rule] for rule in found}


def test_zero_shot_is_one_job():
    assert jobs(Plan(config_of(*PUSH_PULL))) == {
        "train": 1 + 2 + 4 + 2,
        "embed": 1 + 4,
        "evaluate": 1 + 4,
        "embed_and_classify": 4,
        "evaluate_classified": 4,
        "zero_shot": 1,
    }


def test_hours_of_zero_shot_by_hand(empty):
    text = report(config_of({**PUSH_PULL[1], "datasets": ["reuters21578"], "settings": {"max_tokens": 100}}))
    runs, tokens, spent = numbers(text, "reuters21578  deberta_nli  zero_shot")
    # 90 labels x (786 + 3,019) documents of 100 + 10 tokens; for RoBERTa-base, as large, see the hours of CLLD.
    assert runs == 1
    assert tokens == pytest.approx(90 * 3_805 * 110 / 1e9, abs=0.005)
    assert spent == pytest.approx(1.5 * 90 * 3_805 * 110 / (181.3 * 1_323_000), abs=0.05)


def test_an_unknown_study_is_refused_as_by_snakemake(empty, capsys):
    (empty / "config.yaml").write_bytes((ROOT / "config.yaml").read_bytes())
    with pytest.raises(InputError) as caught:
        check(SHIPPED | {"study": "paper"})
    assert main(["paper"]) == 1
    assert capsys.readouterr().err == f"error: {caught.value}\n"
    assert "did you mean 'papers'" in str(caught.value)


def test_a_missing_or_broken_configuration_is_refused(empty):
    with pytest.raises(InputError, match=r"no config\.yaml here"):
        load_config("papers")
    (empty / "config.yaml").write_text("study: [")
    with pytest.raises(InputError, match=r"config\.yaml is no YAML"):
        load_config("papers")


def test_without_a_study_the_one_of_the_configuration_is_estimated(empty, capsys):
    (empty / "config.yaml").write_text(yaml.safe_dump(config_of({"methods": {"base": None}})))
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Study own: ")


def test_the_command_needs_no_torch_and_writes_nothing(empty):
    (empty / "config.yaml").write_text(yaml.safe_dump(config_of({"methods": {"base": None}})))
    folder = str(ROOT / "workflow_scripts")
    code = (
        f"import sys; sys.path.insert(0, {folder!r}); from pushpull.estimate.printout import main; main(['own']); "
        "print({'torch', 'transformers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    assert [path.name for path in empty.iterdir()] == ["config.yaml"]


def test_the_script_leaves_with_an_error(empty):
    done = subprocess.run(
        [sys.executable, ROOT / "workflow_scripts/estimate.py", "papers"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no config.yaml here")
