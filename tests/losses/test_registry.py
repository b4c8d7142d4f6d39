"""Every registered loss can be loaded, and says which paper's formula it is."""

import pytest
from pushpull.losses import registry


@pytest.mark.parametrize("name", sorted(registry.SUPERVISED | registry.CONTRASTIVE | registry.LABEL_WISE))
def test_every_registered_name_is_a_function_with_a_docstring(name):
    assert callable(registry.load(name))
    assert registry.load(name).__doc__


def test_no_name_stands_for_two_losses():
    kinds = (registry.SUPERVISED, registry.CONTRASTIVE, registry.LABEL_WISE)
    assert len(registry.SUPERVISED | registry.CONTRASTIVE | registry.LABEL_WISE) == sum(map(len, kinds))
