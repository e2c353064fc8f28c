"""Nine-board tic-tac-toe as immutable positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marl.core.game import IllegalActionError, as_action, check_legal, read_number
from marl.core.kernels import Kernels, compiled_rules
from marl.envs.games.board_symmetries import nine_boards, square_parts
from marl.envs.games.small_boards import FREE, FULL, WON, line_of
from marl.games.shown import Shown

__all__ = ["NineBoard"]

SHIFTS = tuple(range(0, 81, 9))
ACTIONS = tuple(tuple(tuple(shift + cell for cell in free) for free in FREE) for shift in SHIFTS)
"""``[9][512]``: actions that are left, for each board and each set of its taken cells."""


@dataclass(frozen=True, slots=True)
class NineBoard(Shown):
    """Position of nine-board tic-tac-toe; a `GameView`.

    The game has nine boards of three by three cells. The cell that a player takes names the board on which the other
    must play. The first line on any board wins the whole game. If the board to be played on is full, it is a draw.

    Actions are ``9 board + cell``, both in the order of reading. A person writes board and cell from 1, e.g.
    ``1 5``, or the cell alone.

    Args:
        cells: cells of each seat, bit ``9 board + cell``.
        board: the board to be played on, from 0; board 0 begins by default.
        won: True if the last action completed a line.
    """

    cells: tuple[int, int] = (0, 0)
    board: int = 0
    won: bool = False

    name = "nine_board"
    purpose = "nine boards of tic-tac-toe; a cell names the board on which the other plays; two players"
    num_players = 2
    num_actions = 81
    observation_shape = (9, 9, 3)
    board_shape = (9, 9)
    block = 3
    symmetries = nine_boards(3)
    parts = square_parts(9, 3, 3)
    part_actions = tuple(tuple(range(9 * board, 9 * board + 9)) for board in range(9))

    @classmethod
    def start(cls, board: int = 0) -> NineBoard:
        """Make an empty game that begins on a board, 0 to 8.

        Raises:
            ValueError: for another number.
        """
        if not 0 <= board < 9:
            raise ValueError(f"{cls.name}: board is {board}; boards are 0 to 8")
        return cls(board=board)

    @classmethod
    def variant(cls, text: str) -> NineBoard:
        """Make an empty game that begins on the board that a person names, 1 to 9; see `marl.games.registry.new_game`.

        Raises:
            ValueError: for a text that names no board.
        """
        number = read_number(text, 1, 9)
        if number is None:
            raise ValueError("give the first board, 1 to 9")
        return cls(board=number - 1)

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> NineBoard:
        """Make an empty game that begins on a drawn board."""
        return cls(board=int(generator.integers(9)))

    @property
    def mover(self) -> int:
        """The seat to move; the first seat begins. See `Game`."""
        return (self.cells[0] | self.cells[1]).bit_count() % 2

    @property
    def _taken(self) -> int:
        """Taken cells of the board to be played on, nine bits."""
        return (self.cells[0] | self.cells[1]) >> 9 * self.board & FULL

    @property
    def over(self) -> bool:
        """True after a line, or when the board to be played on is full; see `Game`."""
        return self.won or self._taken == FULL

    @property
    def legal(self) -> tuple[int, ...]:
        """The free cells of the board to be played on; see `Game`."""
        if self.over:
            return ()
        return ACTIONS[self.board][self._taken]

    @property
    def returns(self) -> tuple[float, ...]:
        """1 for the seat with a line, -1 for the other, 0 for a draw; see `Game`."""
        if not self.won:
            return (0.0, 0.0)
        return (-1.0, 1.0) if self.mover == 0 else (1.0, -1.0)

    def play(self, action: int) -> NineBoard:
        """Take a cell; see `Game`."""
        action = as_action(self, action)
        board, cell = divmod(action, 9)
        # Most actions are legal: this one test spares them the slower check.
        if self.won or board != self.board or self._taken >> cell & 1:
            check_legal(self, action, self._forbids(action))
        first, second = self.cells
        # A line can be new only on the board that was played on.
        if self.mover == 0:
            first |= 1 << action
            return NineBoard((first, second), cell, WON[first >> 9 * board & FULL])
        second |= 1 << action
        return NineBoard((first, second), cell, WON[second >> 9 * board & FULL])

    def _forbids(self, action: int) -> str | None:
        board, cell = divmod(action, 9)
        if board != self.board:
            return f"it is on board {board + 1}, and board {self.board + 1} is to be played on"
        return f"cell {cell + 1} of board {board + 1} is taken" if self._taken >> cell & 1 else None

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`."""
        if self.over:
            return self.returns
        # Nine bits a board, in lists: each is an index of the tables `FREE` and `WON`.
        sides = [[cells >> shift & FULL for shift in SHIFTS] for cells in self.cells]
        own, other = sides if self.mover == 0 else sides[::-1]
        board = self.board
        while free := FREE[(cells := own[board]) | other[board]]:
            cell = free[int(draw() * len(free))]
            own[board] = cells = cells | 1 << cell
            if WON[cells]:
                return (1.0, -1.0) if own is sides[0] else (-1.0, 1.0)
            own, other, board = other, own, cell
        return (0.0, 0.0)

    @classmethod
    def kernels(cls) -> Kernels | None:
        """See `Game`."""
        return compiled_rules("marl.envs.games.kernels.nine_board")

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Planes of own cells, the other's cells and the board to be played on, ``[9, 9, 3]``; see `Game`."""
        present = 0 if self.over else FULL << 9 * self.board
        planes = (self.cells[seat], self.cells[1 - seat], present)
        flat = np.array([[plane >> bit & 1 for bit in range(81)] for plane in planes], dtype=np.int8)
        # From [plane, board row, board column, cell row, cell column] to the whole square, planes last.
        return flat.reshape(3, 3, 3, 3, 3).transpose(1, 3, 2, 4, 0).reshape(9, 9, 3)

    def describe(self, action: int) -> str:
        """Numbers of board and cell, from 1; see `GameView`."""
        return f"{action // 9 + 1} {action % 9 + 1}"

    def read(self, text: str) -> int:
        """See `GameView`."""
        words = text.split()
        cell = read_number(words[-1], 1, 9) if 1 <= len(words) <= 2 else None
        board = self.board + 1 if len(words) == 1 else read_number(words[0], 1, 9) if cell else None
        if board is None or cell is None:
            raise IllegalActionError(
                f"{self.name}: {text.strip()!r} names no cell; write board and cell from 1 to 9, e.g. 1 5, or the cell"
            )
        return 9 * (board - 1) + cell - 1

    @property
    def caption(self) -> str:
        """Number of the board to be played on, in words; see `GameView`."""
        return "the game is over" if self.over else f"to be played on: board {self.board + 1}"

    def marks(self) -> Mapping[tuple[int, int], str]:
        """X for the first seat and O for the second, by row and column of the whole square; see `GameView`."""
        return {
            (bit // 27 * 3 + bit % 9 // 3, bit // 9 % 3 * 3 + bit % 3): mark
            for mark, cells in zip("XO", self.cells, strict=True)
            for bit in range(81)
            if cells >> bit & 1
        }

    @property
    def line(self) -> tuple[tuple[int, int], ...]:
        """Cells of the line that won; see `GameView`."""
        return line_of(self.marks(), 3, self.block) if self.won else ()

    def __str__(self) -> str:
        """The nine boards, with numbers in the free cells of the board to be played on."""
        marks, lines = self.marks(), []
        for row in range(9):
            cells = [marks.get((row, column), self._blank(row, column)) for column in range(9)]
            lines.append(" | ".join(" ".join(cells[3 * i : 3 * i + 3]) for i in range(3)))
            if row in (2, 5):
                lines.append("------+-------+------")
        return "\n".join(lines)

    def _blank(self, row: int, column: int) -> str:
        here = row // 3 * 3 + column // 3 == self.board and not self.over
        return str(row % 3 * 3 + column % 3 + 1) if here else "."
