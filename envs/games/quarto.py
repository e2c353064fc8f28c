"""Quarto as immutable positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marl.core.game import IllegalActionError, as_action, check_legal, play_out, read_number
from marl.core.kernels import Kernels, compiled_rules
from marl.envs.games.board_symmetries import quarto_lines, quarto_symmetries
from marl.envs.games.small_boards import line_of, lines
from marl.games.shown import Shown

__all__ = ["NOBODY", "Quarto"]

NOBODY = -1
LINES = lines(4, 4)


@dataclass(frozen=True)
class Quarto(Shown):
    """Position of Quarto (Blaise Mueller, 1991); a `GameView` whose moves come in two phases.

    Sixteen pieces have four properties each, the bits of their number. A player places the piece that the other chose,
    and then chooses the piece that the other must place. So each player moves twice in a row, except for the first
    choice. Four pieces in a line that share a property win for the player who placed the last of them.

    Actions 0 to 15 choose a piece, 16 to 31 place the chosen one on a cell in the order of reading. A person
    writes ``p0`` to ``p15`` and ``1`` to ``16``.

    Args:
        placed: cells that hold a piece, bit ``i`` for cell ``i``.
        properties: for each property, the cells whose pieces have it.
        gone: pieces that were chosen before, bit ``i`` for piece ``i``.
        chosen: the piece to be placed; -1 if a piece is to be chosen.
    """

    placed: int = 0
    properties: tuple[int, int, int, int] = (0, 0, 0, 0)
    gone: int = 0
    chosen: int = NOBODY

    name = "quarto"
    purpose = "four pieces in a line that share a property; each chooses the piece that the other places; two players"
    num_players = 2
    num_actions = 32
    observation_shape = (4, 4, 11)
    board_shape = (4, 4)
    block = 4
    aside_size = 16
    phases = (tuple(range(16)), tuple(range(16, 32)))
    symmetries = quarto_symmetries()
    parts = quarto_lines()

    @cached_property
    def mover(self) -> int:
        """The seat to move; the first seat chooses first. See `Game`."""
        return self.gone.bit_count() % 2

    @property
    def phase(self) -> int:
        """0 where a piece is to be chosen, 1 where it is to be placed; see `Game`."""
        return int(self.chosen != NOBODY)

    @cached_property
    def _won(self) -> bool:
        # Four pieces share a property if all have it or all lack it.
        return any(
            self.placed & line == line and any(has & line in (0, line) for has in self.properties) for line in LINES
        )

    @property
    def over(self) -> bool:
        """True after a line that shares a property, or with all cells full; see `Game`."""
        return self._won or self.placed == 0xFFFF

    @property
    def legal(self) -> tuple[int, ...]:
        """The pieces that are left in one phase, the free cells in the other; see `Game`."""
        if self.over:
            return ()
        if self.chosen == NOBODY:
            return tuple(piece for piece in range(16) if not self.gone >> piece & 1)
        return tuple(16 + cell for cell in range(16) if not self.placed >> cell & 1)

    @property
    def returns(self) -> tuple[float, ...]:
        """1 for the seat that placed the last piece of a line, -1 for the other, 0 for a draw; see `Game`."""
        if not self._won:
            return (0.0, 0.0)
        # The player who placed a piece is still to move, for it would choose next.
        return (1.0, -1.0) if self.mover == 0 else (-1.0, 1.0)

    def play(self, action: int) -> Quarto:
        """Choose a piece, or place the chosen one; see `Game`."""
        action = as_action(self, action)
        check_legal(self, action, self._forbids(action))
        if self.chosen == NOBODY:
            return Quarto(self.placed, self.properties, self.gone | 1 << action, action)
        bit = 1 << action - 16
        has = [cells | (bit if self.chosen >> i & 1 else 0) for i, cells in enumerate(self.properties)]
        return Quarto(self.placed | bit, (has[0], has[1], has[2], has[3]), self.gone, NOBODY)

    def _forbids(self, action: int) -> str | None:
        if self.chosen == NOBODY:
            if action >= 16:
                return "a piece is to be chosen"
            return "the piece was chosen before" if self.gone >> max(action, 0) & 1 else None
        if action < 16:
            return "the chosen piece is to be placed"
        return "the cell is taken" if self.placed >> action - 16 & 1 else None

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`."""
        return play_out(self, draw)

    @classmethod
    def kernels(cls) -> Kernels | None:
        """See `Game`."""
        return compiled_rules("marl.envs.games.kernels.quarto")

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Planes of the board and the pieces, ``[4, 4, 11]``, the same for both seats; see `Game`.

        In order: cells that hold a piece; cells with each of the four properties; pieces that are left (piece ``i`` at
        cell ``i``); 1 everywhere if a piece is to be placed; and the four properties of that piece, each everywhere.
        """
        there = 0 if self.chosen == NOBODY else 0xFFFF
        held = [there if self.chosen >> i & 1 else 0 for i in range(4)]
        planes = (self.placed, *self.properties, 0xFFFF & ~self.gone, there, *held)
        flat = np.array([[plane >> cell & 1 for cell in range(16)] for plane in planes], dtype=np.int8)
        return flat.reshape(11, 4, 4).transpose(1, 2, 0).copy()

    def describe(self, action: int) -> str:
        """Name of the action: ``p0`` to ``p15`` for a piece, ``1`` to ``16`` for a cell; see `GameView`."""
        return f"p{action}" if action < 16 else str(action - 15)

    def read(self, text: str) -> int:
        """See `GameView`."""
        word = text.strip().lower()
        piece = word.startswith("p")
        number = read_number(word[1:], 0, 15) if piece else read_number(word, 1, 16)
        if number is None:
            raise IllegalActionError(
                f"{self.name}: {text.strip()!r} names nothing; write p0 to p15 for a piece, 1 to 16 for a cell"
            )
        return number if piece else 15 + number

    @property
    def caption(self) -> str:
        """Name of the piece to be placed, in words; see `GameView`."""
        if self.over:
            return "the game is over"
        return "a piece is to be chosen" if self.chosen == NOBODY else f"to be placed: p{self.chosen}"

    def marks(self) -> Mapping[tuple[int, int], str]:
        """The four bits of each piece on the board, by row and column; see `GameView`."""
        return {divmod(cell, 4): f"{self._piece(cell):04b}" for cell in range(16) if self.placed >> cell & 1}

    def _piece(self, cell: int) -> int:
        return sum((has >> cell & 1) << i for i, has in enumerate(self.properties))

    @property
    def line(self) -> tuple[tuple[int, int], ...]:
        """Cells of a line whose pieces share a property; see `GameView`."""
        marks = self.marks()
        shared = (line_of({cell: bits[place] for cell, bits in marks.items()}, 4, self.block) for place in range(4))
        return next(filter(None, shared), ())

    def aside(self) -> Mapping[int, str]:
        """The pieces that are not on the board, by the action that chooses them; see `GameView`."""
        return {p: f"{p:04b}" for p in range(16) if not self.gone >> p & 1 or p == self.chosen}

    def __str__(self) -> str:
        """The board, with pieces as four bits and numbers in the free cells, and the task of the mover."""
        cells = [f"{self._piece(c):04b}" if self.placed >> c & 1 else f"{c + 1:^4}" for c in range(16)]
        rows = [" ".join(cells[4 * row : 4 * row + 4]) for row in range(4)]
        left = " ".join(f"p{piece}" for piece in range(16) if not self.gone >> piece & 1)
        task = f"to be placed: p{self.chosen} ({self.chosen:04b})" if self.chosen != NOBODY else f"pieces left: {left}"
        return "\n".join([*rows, task])
