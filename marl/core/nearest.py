"""Names that a misspelt word may mean."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The question after the nearest names, with a space after it; empty if none is near.

    Args:
        word: as it was typed; large and small letters are the same.
        names: all that there are.
    """
    known = {name.lower(): name for name in names}
    near = [known[lower] for lower in get_close_matches(word.lower(), known)]
    return f"did you mean {' or '.join(near)}? " if near else ""
