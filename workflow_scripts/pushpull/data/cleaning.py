"""The text cleaning of ABALONE's released code, which the paper does not mention."""

import re

_OTHERS = re.compile(r"[^A-Za-z0-9(),!?'`.]+")


def released_cleaning(text: str) -> str:
    """Make every run of characters other than ASCII letters, digits and ``(),!?'`.`` one space; lower case.

    Example:
        >>> released_cleaning("Caf\u00e9-Bar: OPEN (late)!")
        'caf bar open (late)!'
    """
    return _OTHERS.sub(" ", text).lower().strip()
