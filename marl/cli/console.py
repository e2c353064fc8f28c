"""Consoles of the commands."""

from __future__ import annotations

from rich.console import Console

__all__ = ["plain_console"]


def plain_console() -> Console:
    """Console that prints text as it is: a path may have what would be markup, an emoji or a highlight.

    rich itself leaves colours out where ``NO_COLOR`` is set.
    """
    return Console(highlight=False, markup=False, emoji=False)
