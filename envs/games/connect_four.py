"""Connect four as immutable positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marl.core.game import IllegalActionError, as_action, check_legal, read_number
from marl.core.kernels import Kernels, compiled_rules
from marl.envs.games.board_symmetries import mirrored_columns, square_windows
from marl.envs.games.small_boards import line_of
from marl.games.shown import Shown

__all__ = ["COLUMNS", "ROWS", "ConnectFour", "four_in_line"]

COLUMNS, ROWS = 7, 6
# An empty bit above each column keeps lines from running over its edge.
STRIDE = ROWS + 1
BOTTOM, COLUMN = 1, (1 << ROWS) - 1
OVER = sum(1 << STRIDE * column + ROWS for column in range(COLUMNS))
DIRECTIONS = (1, STRIDE, STRIDE - 1, STRIDE + 1)


def four_in_line(discs: int) -> bool:
    """True for discs, bit ``7 column + row`` with rows from the bottom, that hold four in a line.

    Reference: the shifts of Tromp's Fhourstones, https://tromp.github.io/c4/fhour.html.
    """
    for step in DIRECTIONS:
        # Bits of two neighbours in a line; two such pairs two steps apart are four.
        pairs = discs & discs >> step
        if pairs & pairs >> 2 * step:
            return True
    return False


@dataclass(frozen=True)
class ConnectFour(Shown):
    """Position of connect four, seven columns of six cells; a `GameView`.

    Actions are columns from the left; a person writes them from 1.

    Args:
        discs: discs of each seat, bit ``7 column + row`` with rows from the bottom.
    """

    discs: tuple[int, int] = (0, 0)

    name = "connect_four"
    purpose = "four discs in a line, on seven columns of six cells; two players"
    num_players = 2
    num_actions = COLUMNS
    observation_shape = (ROWS, COLUMNS, 2)
    board_shape = (ROWS, COLUMNS)
    block = COLUMNS
    symmetries = mirrored_columns(ROWS, COLUMNS, 2)
    parts = square_windows(ROWS, COLUMNS, 4, 2)
    caption = ""

    @cached_property
    def mover(self) -> int:
        """The seat to move; the first seat begins. See `Game`."""
        return (self.discs[0] | self.discs[1]).bit_count() % 2

    @cached_property
    def _won(self) -> bool:
        return four_in_line(self.discs[1 - self.mover])

    @property
    def over(self) -> bool:
        """True after four in a line, or with all columns full; see `Game`."""
        return self._won or (self.discs[0] | self.discs[1]).bit_count() == ROWS * COLUMNS

    def _full(self, column: int) -> bool:
        return bool((self.discs[0] | self.discs[1]) >> STRIDE * column + ROWS - 1 & 1)

    @property
    def legal(self) -> tuple[int, ...]:
        """The columns that are not full; see `Game`."""
        return () if self.over else tuple(column for column in range(COLUMNS) if not self._full(column))

    @property
    def returns(self) -> tuple[float, ...]:
        """1 for the seat with four in a line, -1 for the other, 0 for a draw; see `Game`."""
        if not self._won:
            return (0.0, 0.0)
        return (-1.0, 1.0) if self.mover == 0 else (1.0, -1.0)

    def play(self, action: int) -> ConnectFour:
        """Drop a disc into a column; see `Game`."""
        action = as_action(self, action)
        full = 0 <= action < COLUMNS and self._full(action)
        check_legal(self, action, "the column is full" if full else None)
        taken = self.discs[0] | self.discs[1]
        # Adding the column's lowest bit to its discs carries up to its lowest free cell.
        bit = (taken + (1 << STRIDE * action)) & ((1 << ROWS) - 1 << STRIDE * action) & ~taken
        first, second = self.discs
        return ConnectFour((first | bit, second) if self.mover == 0 else (first, second | bit))

    def rollout(self, draw: Callable[[], float]) -> tuple[float, ...]:
        """See `Game`."""
        if self.over:
            return self.returns
        own, other = self.discs if self.mover == 0 else self.discs[::-1]
        outcomes = ((1.0, -1.0), (-1.0, 1.0)) if self.mover == 0 else ((-1.0, 1.0), (1.0, -1.0))
        columns, turn = list(self.legal), 0
        # The lowest free cell of each column is kept along the playout and moves up by one bit with each disc.
        places = [
            ((own | other) + (BOTTOM << STRIDE * c) & COLUMN << STRIDE * c) & ~(own | other) for c in range(COLUMNS)
        ]
        while columns:
            column = columns[int(draw() * len(columns))]
            bit = places[column]
            own |= bit
            if four_in_line(own):
                return outcomes[turn]
            places[column] = bit << 1
            if bit << 1 & OVER:
                columns.remove(column)
            own, other, turn = other, own, 1 - turn
        return (0.0, 0.0)

    @classmethod
    def kernels(cls) -> Kernels | None:
        """See `Game`."""
        return compiled_rules("marl.envs.games.kernels.connect_four")

    def observe(self, seat: int) -> NDArray[np.int8]:
        """Planes of own discs and of the other's, ``[6, 7, 2]``, as in PettingZoo's ``connect_four_v3``; see `Game`."""
        planes = [
            [[self.discs[side] >> STRIDE * column + row & 1 for column in range(COLUMNS)] for row in range(ROWS)]
            for side in (seat, 1 - seat)
        ]
        return np.array(planes, dtype=np.int8)[:, ::-1].transpose(1, 2, 0).copy()

    def describe(self, action: int) -> str:
        """Number of the column, from 1 to 7; see `GameView`."""
        return str(action + 1)

    def read(self, text: str) -> int:
        """See `GameView`."""
        number = read_number(text, 1, COLUMNS)
        if number is None:
            raise IllegalActionError(f"{self.name}: {text.strip()!r} names no column; write a number from 1 to 7")
        return number - 1

    def marks(self) -> Mapping[tuple[int, int], str]:
        """X for the first seat and O for the second, by row and column; see `GameView`."""
        return {
            (ROWS - 1 - row, column): mark
            for mark, discs in zip("XO", self.discs, strict=True)
            for column in range(COLUMNS)
            for row in range(ROWS)
            if discs >> STRIDE * column + row & 1
        }

    @property
    def line(self) -> tuple[tuple[int, int], ...]:
        """Cells of the line that won; see `GameView`."""
        return line_of(self.marks(), 4, self.block) if self._won else ()

    def __str__(self) -> str:
        """The board with the numbers of its columns below."""
        marks = self.marks()
        rows = [" ".join(marks.get((row, column), ".") for column in range(COLUMNS)) for row in range(ROWS)]
        return "\n".join([*rows, " ".join(str(column + 1) for column in range(COLUMNS))])
