"""The one exception that means: the user can mend this."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(Exception):
    """Something the user gave is wrong; the message says what, which values are allowed and what to do next."""


def unknown(what: str, value: object, allowed: Iterable[object]) -> str:
    """Say that `value` is no known `what`, naming the nearest allowed value and all of them.

    Example:
        >>> unknown("dataset", "reuter", ["reuters21578", "semeval2018"])
        "unknown dataset 'reuter': did you mean 'reuters21578'? Allowed: reuters21578, semeval2018"
    """
    names = [str(name) for name in allowed]
    near = get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown {what} {str(value)!r}: {hint}Allowed: {', '.join(names) or '(none)'}"
