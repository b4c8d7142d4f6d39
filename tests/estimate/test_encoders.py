"""How large an encoder is, without loading it: compared with the layers themselves."""

import pytest
from estimate_study import BERT, ROBERTA, WORDPIECE, WORDS
from pushpull.errors import InputError
from pushpull.estimate.encoders import Encoder, encoder_of
from workflow_runs import SHIPPED


@pytest.mark.parametrize("name", ["minilm", "minilm_2"])
def test_parameters_of_an_encoder_are_those_of_its_layers(name):
    from pushpull.encoders.sentence import load_encoder

    card = SHIPPED["encoders"][name]
    model = load_encoder(card).model
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


def test_an_encoder_of_unknown_size_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"encoders\.mine: .*FacebookAI/roberta-bas'.*did you mean.*roberta-base'"):
        encoder_of("mine", {"hub": "FacebookAI/roberta-bas"}, 7)
