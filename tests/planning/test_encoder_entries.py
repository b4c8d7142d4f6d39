"""Encoder cards of config.yaml: those that are shipped, and mistakes that are refused before anything runs."""

from copy import deepcopy

import pytest
from pushpull.errors import InputError
from pushpull.planning.config import check
from workflow_runs import SHIPPED


def test_shipped_hub_cards_say_what_they_are():
    for card in SHIPPED["encoders"].values():
        if card.get("pooling") == "published":
            assert card["licence"]
            assert card["max_length"] == 512


@pytest.mark.parametrize(
    ("encoder", "values", "said"),
    [
        ("tiny", {"pooling": "published"}, "encoders.tiny.pooling"),
        ("minilm", {"remote_code": True}, "encoders.minilm.remote_code: goes with hub only"),
        ("minilm", {"prompts": {"query": "query: "}}, "encoders.minilm.prompts: unknown key 'query'"),
        ("cnn", {"prompts": {"text": "query: "}}, "encoders.cnn: unknown key of text_cnn 'prompts'"),
        ("bge_base", {"remote_code": False}, "encoders.bge_base.remote_code"),
        ("bge_base", {"max_length": 8}, "encoders.bge_base.max_length"),
        ("bge_base", {"pickled": True}, "encoders.bge_base.pickled: goes with hub and with pooling cls or mean only"),
        ("minilm", {"pickled": True}, "encoders.minilm.pickled: goes with hub and with pooling cls or mean only"),
    ],
)
def test_a_wrong_card_is_refused_before_anything_runs(encoder, values, said):
    config = deepcopy(SHIPPED)
    config["encoders"][encoder] |= values
    with pytest.raises(InputError) as caught:
        check(config)
    assert said in str(caught.value)


@pytest.mark.parametrize("place", ["default", "settings", "method", "grid"])
def test_texts_longer_than_the_encoder_takes_are_refused_before_anything_runs(place):
    config, experiment = deepcopy(SHIPPED), {"papers": ["abalone"], "datasets": ["quick_multilabel"]}
    config["encoders"]["minilm"]["max_length"] = 200
    given = {"settings": 201, "grid": [100, 201]}.get(place)
    experiment |= {"encoders": ["minilm"], "settings": {"max_tokens": given} if given else {}}
    experiment["methods"] = {"pretrained": {"max_tokens": 201} if place == "method" else None}
    config["studies"]["quick"]["experiments"] = [experiment]
    value = 300 if place == "default" else 201
    with pytest.raises(InputError, match=f"max_tokens {value} is more than encoders.minilm.max_length, 200"):
        check(config)
