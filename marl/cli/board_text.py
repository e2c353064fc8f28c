"""Boards at the terminal: the last move and the line that won stand out, and who plays which mark is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.text import Text

from marl.core.game import Game, GameView

__all__ = ["board_text", "marks_of", "won_line"]

MARKS = "XOZ"
LAST, WON = "bold reverse", "bold white on dark_green"


def board_text(game: GameView, before: GameView | None = None) -> Text:
    """Board as text; in a terminal the last move and the line that won are marked.

    Args:
        game: the position.
        before: the one before it; None to mark no move.
    """
    text = Text(str(game))
    if before is not None:
        _mark(text, game, {cell for cell, _ in game.marks().items() - before.marks().items()}, LAST)
    _mark(text, game, getattr(game, "line", ()), WON)
    return text


def won_line(game: GameView) -> str:
    """The line that won, in words; empty without one."""
    cells: Sequence[tuple[int, int]] = getattr(game, "line", ())
    if not cells:
        return ""
    (top, left), (bottom, right) = min(cells), max(cells)
    return f"the line goes from row {top + 1}, column {left + 1} to row {bottom + 1}, column {right + 1}"


def marks_of(game: Game) -> dict[int, str]:
    """Mark of each seat, where each player has one of X, O and Z; found by playing first moves."""
    found: dict[int, str] = {}
    for _ in range(game.num_players):
        if game.over or not hasattr(game, "marks"):
            break
        after = game.play(game.legal[0])
        new = {mark for _, mark in after.marks().items() - game.marks().items()} & set(MARKS)
        found |= dict.fromkeys([game.mover], new.pop()) if len(new) == 1 else {}
        game = after
    return found


def _mark(text: Text, game: GameView, cells: Collection[tuple[int, int]], style: str) -> None:
    """Style the letters of some cells; nothing where the text's letters are not just the marks in their order."""
    places = [place for place, letter in enumerate(text.plain) if letter in MARKS]
    marked = sorted(game.marks())
    if len(places) == len(marked):
        for place, cell in zip(places, marked, strict=True):
            if cell in cells:
                text.stylize(style, place, place + 1)
