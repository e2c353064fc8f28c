"""Positions that show themselves in a notebook."""

from __future__ import annotations

import io
from typing import Any, cast

__all__ = ["Shown"]


class Shown:
    """Base class of games whose positions a notebook draws; they have the members of a `GameView`."""

    def _repr_png_(self) -> bytes:
        from PIL import Image

        from marl.games.board_picture import board_picture

        file = io.BytesIO()
        Image.fromarray(board_picture(cast(Any, self), width=240)).save(file, "PNG")
        return file.getvalue()
