"""Tic-tac-toe as immutable positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marl.core.game import IllegalActionError, as_action, check_legal, read_number
from marl.core.kernels import Kernels, compiled_rules
from marl.envs.games.board_symmetries import square_board
from marl.envs.games.small_boards import FREE, FULL, WON, line_of
from marl.games.shown import Shown

__all__ = ["TicTacToe"]


@dataclass(frozen=True)
class TicTacToe(Shown):
    """Position of tic-tac-toe; a `GameView`.

    Actions are cells in the order of PettingZoo's ``tictactoe_v3``, column by column from the top left; a person
    writes them from 1 in the order of reading.

    Args:
        cells: cells of each seat, bit ``3 column + row``.
    """

    cells: tuple[int, int] = (0, 0)

    name = "tic_tac_toe"
    purpose = "three marks in a line, on three by three cells; two players"
    num_players = 2
    num_actions = 9
    observation_shape = (3, 3, 2)
    board_shape = (3, 3)
    block = 3
    symmetries = square_board(3, 2)
    caption = ""

    @cached_property
    def mover(self) -> int:
        """The seat to move; the first seat begins. See `Game`."""
        return (self.cells[0] | self.cells[1]).bit_count() % 2

    @cached_property
    def _won(self) -> bool:
        # Only the seat that moved last can have completed a line.
        latest = self.cells[1 - self.mover]
        return WON[latest]

    @property
    def over(self) -> bool:
        """True after three in a line, or with no free cell; see `Game`."""
        return self._won or self.cells[0] | self.cells[1] == FULL

    @property
    def legal(self) -> tuple[int, ...]:
        """The free cells; see `Game`."""
        if self.over:
            return ()
        return FREE[self.cells[0] | self.cells[1]]

    @property
    def returns(self) -> tuple[float, ...]:
        """1 for the seat with three in a line, -1 for the other, 0 for a draw; see `Game`."""
        if not self._won:
            return (0.0, 0.0)
        return (-1.0, 1.0) if self.mover == 0 else (1.0, -1.0)

    def play(self, action: int) -> TicTacToe:
        """Take a cell; see `Game`."""
        action = as_action(self, action)
        taken = 0 <= action < 9 and (self.cells[0] | self.cells[1]) >> action & 1
        check_legal(self, action, "the cell is taken" if taken else None)
        first, second = self.cells
        bit = 1 << action
        return TicTacToe((first | bit, second) if self.mover == 0 else (first, second | bit))

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`."""
        if self.over:
            return self.returns
        own, other = self.cells if self.mover == 0 else self.cells[::-1]
        outcomes = ((1.0, -1.0), (-1.0, 1.0)) if self.mover == 0 else ((-1.0, 1.0), (1.0, -1.0))
        turn = 0
        while True:
            free = FREE[own | other]
            if not free:
                return (0.0, 0.0)
            own |= 1 << free[int(draw() * len(free))]
            if WON[own]:
                return outcomes[turn]
            own, other, turn = other, own, 1 - turn

    @classmethod
    def kernels(cls) -> Kernels | None:
        """See `Game`."""
        return compiled_rules("marl.envs.games.kernels.tic_tac_toe")

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Planes of own cells and of the other's, ``[3, 3, 2]``, as in PettingZoo's ``tictactoe_v3``; see `Game`."""
        planes = [[self.cells[side] >> cell & 1 for cell in range(9)] for side in (seat, 1 - seat)]
        return np.array(planes, dtype=np.int8).reshape(2, 3, 3).transpose(1, 2, 0)

    def describe(self, action: int) -> str:
        """Number of the cell, from 1 to 9 in the order of reading; see `GameView`."""
        return str(action % 3 * 3 + action // 3 + 1)

    def read(self, text: str) -> int:
        """See `GameView`."""
        number = read_number(text, 1, 9)
        if number is None:
            raise IllegalActionError(f"{self.name}: {text.strip()!r} names no cell; write a number from 1 to 9")
        row, column = divmod(number - 1, 3)
        return column * 3 + row

    def marks(self) -> Mapping[tuple[int, int], str]:
        """X for the first seat and O for the second, by row and column; see `GameView`."""
        return {
            (cell % 3, cell // 3): mark
            for mark, cells in zip("XO", self.cells, strict=True)
            for cell in range(9)
            if cells >> cell & 1
        }

    @property
    def line(self) -> tuple[tuple[int, int], ...]:
        """Cells of the line that won; see `GameView`."""
        return line_of(self.marks(), 3, self.block) if self._won else ()

    def __str__(self) -> str:
        """The board, with numbers in the free cells."""
        marks = self.marks()
        rows = [[marks.get((row, column), str(row * 3 + column + 1)) for column in range(3)] for row in range(3)]
        return "\n---+---+---\n".join("|".join(f" {mark} " for mark in row) for row in rows)
