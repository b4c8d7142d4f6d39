"""Every registered loss can be loaded."""

import pytest
from pushpull.losses import registry


@pytest.mark.parametrize("name", sorted(registry.SUPERVISED | registry.CONTRASTIVE))
def test_every_registered_name_is_a_function(name):
    assert callable(registry.load(name))
