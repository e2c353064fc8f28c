"""Names that a misspelt word may mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

__all__ = ["did_you_mean"]

NEAR, MOST = 0.6, 3
"""Least share of letters that are the same in a name that is meant, and most names; as difflib's close matches."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The question after the nearest names, with a space after it; empty if none is near.

    Of dotted names the last part decides, the others rank: what is before it is more often right.

    Args:
        word: as it was typed; large and small letters are the same.
        names: all that there are.
    """
    likeness = {name: _likeness(word.lower(), name.lower()) for name in names}
    near = sorted((name for name in likeness if likeness[name][0] >= NEAR), key=lambda name: -sum(likeness[name]))
    return f"did you mean {' or '.join(near[:MOST])}? " if near else ""


def _likeness(word: str, name: str) -> tuple[float, float]:
    """Likeness of the last parts, and of what is before them."""
    (place, _, last), (there, _, end) = (text.lstrip("-").rpartition(".") for text in (word, name))
    initials = "".join(re.findall(r"\b[a-z]", end.replace("_", "-")))
    alike = 1.0 if len(initials) > 1 and initials == last else _ratio(last, end)
    return alike, _ratio(place, there)


def _ratio(word: str, name: str) -> float:
    return SequenceMatcher(None, name, word).ratio()
