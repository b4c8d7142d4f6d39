"""The shipped configuration with a mistake in it, and what is said of it."""

from copy import deepcopy

import pytest
from pushpull.errors import InputError
from pushpull.planning.config import check
from workflow_runs import SHIPPED

EXPERIMENT = "studies.quick.experiments.0"


def changed(path: str, value: object) -> dict:
    """The shipped configuration with the value at a dotted path set."""
    config = deepcopy(SHIPPED)
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    place = config
    for part in parents:
        if place[part] is None:  # a method without settings
            place[part] = {}
        place = place[part]
    place[last] = value
    return config


def complaint(config: dict) -> str:
    """What `check` says of a configuration that it must refuse."""
    with pytest.raises(InputError) as caught:
        check(config)
    return str(caught.value)


def line(config: dict) -> str:
    """The only line of the complaint."""
    head, *lines = complaint(config).splitlines()
    assert head == "config.yaml is not valid:"
    assert len(lines) == 1, lines
    return lines[0].strip()
