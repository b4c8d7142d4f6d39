"""Operations and hours: throughput measured in runs on a GPU, or reckoned from printed costs."""

from pathlib import Path

import pytest
from estimate_study import MINILM, ROBERTA, SMALL, WORDS, config_of, put, put_card, settings_of
from pushpull.estimate.encoders import Encoder, encoder_of
from pushpull.estimate.throughput import Rate, hours, operations, printed_rates, rate_for, rates
from pushpull.estimate.workload import COMPARING, VALIDATION_BATCH, printed_sizes
from pushpull.kinds import CLASSIFIER, KINDS, defaults
from workflow_runs import SHIPPED

GPU = "NVIDIA H100"


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

    assert {kind.cost for kind in KINDS.values()} == {"classifier", "contrastive"}
    # A classifier has a validation micro-F1, which decides.
    trained = {name for name, kind in KINDS.items() if kind.objective}
    assert trained - {*CLASSIFIER} == {name for name, kind in KINDS.items() if kind.checkpoint}
    assert {kind.checkpoint for kind in KINDS.values()} == COMPARING.keys()
    assert loop.VALIDATION_BATCH == VALIDATION_BATCH
