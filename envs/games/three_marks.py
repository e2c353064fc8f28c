"""Tic-tac-toe for three players on four by four cells, as immutable positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marl.core.game import IllegalActionError, as_action, check_legal, play_out, read_number
from marl.core.kernels import Kernels, compiled_rules
from marl.envs.games.board_symmetries import square_board
from marl.envs.games.small_boards import line_of, lines
from marl.games.shown import Shown

__all__ = ["SIDE", "ThreeMarks"]

SIDE = 4


LINES = lines(SIDE, 3)


@dataclass(frozen=True)
class ThreeMarks(Shown):
    """Position of tic-tac-toe for three players on four by four cells; a `GameView`.

    Three marks of one player side by side win: 1 for the winner, -0.5 for each of the others.

    Args:
        cells: cells of each seat, one bit a cell in the order of reading.
    """

    cells: tuple[int, int, int] = (0, 0, 0)

    name = "three_marks"
    purpose = "tic-tac-toe for three players, on four by four cells"
    num_players = 3
    num_actions = SIDE * SIDE
    observation_shape = (SIDE, SIDE, 3)
    board_shape = (SIDE, SIDE)
    block = SIDE
    symmetries = square_board(SIDE, 3)
    caption = ""

    @cached_property
    def _taken(self) -> int:
        return self.cells[0] | self.cells[1] | self.cells[2]

    @cached_property
    def mover(self) -> int:
        """The seat to move; seats take turns. See `Game`."""
        return self._taken.bit_count() % 3

    @cached_property
    def _won(self) -> bool:
        # Only the seat that moved last can have completed a line.
        latest = self.cells[(self.mover - 1) % 3]
        return any(latest & line == line for line in LINES)

    @property
    def over(self) -> bool:
        """True after three in a line, or with no free cell; see `Game`."""
        return self._won or self._taken.bit_count() == SIDE * SIDE

    @property
    def legal(self) -> tuple[int, ...]:
        """The free cells; see `Game`."""
        return () if self.over else tuple(cell for cell in range(SIDE * SIDE) if not self._taken >> cell & 1)

    @property
    def returns(self) -> tuple[float, ...]:
        """1 for the seat with three in a line, -0.5 for each other, 0 for a draw; see `Game`."""
        if not self._won:
            return (0.0, 0.0, 0.0)
        winner = (self.mover - 1) % 3
        return tuple(1.0 if seat == winner else -0.5 for seat in range(3))

    def play(self, action: int) -> ThreeMarks:
        """Take a cell; see `Game`."""
        action = as_action(self, action)
        taken = 0 <= action < SIDE * SIDE and self._taken >> action & 1
        check_legal(self, action, "the cell is taken" if taken else None)
        cells = [own | (1 << action if seat == self.mover else 0) for seat, own in enumerate(self.cells)]
        return ThreeMarks((cells[0], cells[1], cells[2]))

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`."""
        return play_out(self, draw)

    @classmethod
    def kernels(cls) -> Kernels | None:
        """See `Game`."""
        return compiled_rules("marl.envs.games.kernels.three_marks")

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Planes of own cells, of the next seat's and of the one's after, ``[4, 4, 3]``; see `Game`."""
        planes = [[self.cells[(seat + ahead) % 3] >> cell & 1 for cell in range(SIDE * SIDE)] for ahead in range(3)]
        return np.array(planes, dtype=np.int8).reshape(3, SIDE, SIDE).transpose(1, 2, 0).copy()

    def describe(self, action: int) -> str:
        """Number of the cell, from 1 to 16 in the order of reading; see `GameView`."""
        return str(action + 1)

    def read(self, text: str) -> int:
        """See `GameView`."""
        number = read_number(text, 1, SIDE * SIDE)
        if number is None:
            raise IllegalActionError(f"{self.name}: {text.strip()!r} names no cell; write a number from 1 to 16")
        return number - 1

    def marks(self) -> Mapping[tuple[int, int], str]:
        """X, O and Z for the three seats, by row and column; see `GameView`."""
        return {
            divmod(cell, SIDE): mark
            for mark, cells in zip("XOZ", self.cells, strict=True)
            for cell in range(SIDE * SIDE)
            if cells >> cell & 1
        }

    @property
    def line(self) -> tuple[tuple[int, int], ...]:
        """Cells of the line that won; see `GameView`."""
        return line_of(self.marks(), 3, self.block) if self._won else ()

    def __str__(self) -> str:
        """The board, with numbers in the free cells."""
        marks = self.marks()
        cells = [marks.get(divmod(cell, SIDE), str(cell + 1)) for cell in range(SIDE * SIDE)]
        return "\n".join(" ".join(f"{cell:>2}" for cell in cells[SIDE * r : SIDE * r + SIDE]) for r in range(SIDE))
