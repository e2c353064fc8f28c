"""Games that are played by moves as a person writes them."""

from __future__ import annotations

from typing import Any


def played(start: Any, text: str) -> Any:
    """The position after actions written as a person writes them, with commas."""
    for word in text.split(","):
        start = start.play(start.read(word))
    return start
