"""Where runs take the released code's way instead of the paper's: said in words, for captions and notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pushpull.kinds import RELEASED_CODE

if TYPE_CHECKING:
    from pushpull.tables.study import Study


def released_settings(settings: Mapping[str, object]) -> list[str]:
    """Return the resolved settings of a run that are the released code's, as in "divisor anchors".

    A setting that the run's kind does not have is neither way.

    Example:
        >>> released_settings({"divisor": "anchors", "clean_text": False})
        ['divisor anchors']
    """
    return [_words(key) for key, value in RELEASED_CODE.items() if key in settings and settings[key] == value]


def released_note(study: Study, method: str, runs: Iterable[dict]) -> str:
    """Return what these runs of a method do the released code's way, as a note on a row; empty if nothing."""
    found = dict.fromkeys(words for run in runs for words in released_settings(run["settings"]))
    return f"{study.title('methods', method)}: released code's way, {', '.join(found)}" if found else ""


def released_caption(study: Study, paper: str) -> str:
    """Return the sentence that names every setting run the released code's way, and the methods; empty if none is."""
    parts = []
    for key, value in RELEASED_CODE.items():
        having = [
            run for name, runs in study.runs.items() if name[0] == paper for run in runs if key in run["settings"]
        ]
        released = [run for run in having if run["settings"][key] == value]
        methods = dict.fromkeys(study.title("methods", run["method"]) for run in released)
        if released:
            parts.append(_words(key) + (f" ({', '.join(methods)})" if len(released) < len(having) else ""))
    return f"Released code's way: {'; '.join(parts)}." if parts else ""


def _words(key: str) -> str:
    value = RELEASED_CODE[key]
    return f"{key} {'as the encoder' if value is None else str(value).lower()}"
