"""Rule player of tic-tac-toe."""

from __future__ import annotations

from marl.core.game import Game, view_of
from marl.players.player import View

__all__ = ["RulePlayer"]

LINES = ((1, 2, 3), (4, 5, 6), (7, 8, 9), (1, 4, 7), (2, 5, 8), (3, 6, 9), (1, 5, 9), (3, 5, 7))
PREFERENCE = (5, 1, 3, 7, 9, 2, 4, 6, 8)
"""Cells in order of preference: centre, corners, sides."""


class RulePlayer:
    """Play tic-tac-toe by rules: win, block, centre, corner, side; among equals the first in reading order.

    It looks one move ahead, so a double threat beats it.
    """

    def choose(self, game: Game) -> int:
        """See `Player`.

        Raises:
            ValueError: for another game.
        """
        if game.name != "tic_tac_toe":
            raise ValueError(f"the rules are those of tic_tac_toe; {game.name} cannot be played by them")
        view = view_of(game, "played by rules of thumb", "marks", "read")
        marks = {3 * row + column + 1: mark for (row, column), mark in view.marks().items()}
        own, other = "XO"[game.mover], "XO"[1 - game.mover]
        free = [cell for cell in PREFERENCE if cell not in marks]
        wins, blocks = (sorted(cell for cell in free if _completes(cell, mark, marks)) for mark in (own, other))
        return view.read(str((wins or blocks or free)[0]))

    def view(self) -> View | None:
        """None; see `Player`."""
        return None


def _completes(cell: int, mark: str, marks: dict[int, str]) -> bool:
    return any(cell in line and all(marks.get(c) == mark for c in line if c != cell) for line in LINES)
