"""Positions that show themselves in a notebook."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["Shown"]

WIDTH = 320
"""Pixels."""


class Shown:
    """Base class of games whose positions a notebook draws; they have the members of a `GameView`."""

    def _repr_svg_(self) -> str:
        from marl.games.board_picture import draw_board

        return draw_board(cast(Any, self)).svg(WIDTH)
