"""Turns and reflections of boards, as permutations of cells and of observations, and parts that look alike."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from marl.core.game_structure import GameSymmetries
from marl.envs.games.small_boards import lines

__all__ = [
    "mirrored_columns",
    "nine_boards",
    "quarto_lines",
    "quarto_symmetries",
    "square_board",
    "square_parts",
    "square_windows",
    "turns",
]


@cache
def turns(side: int) -> NDArray[np.int64]:
    """``[8, side * side]``: for each turn and reflection of a square, the cell that comes to each cell."""
    cells = np.arange(side * side).reshape(side, side)
    turned = [np.rot90(board, quarter) for board in (cells, cells.T) for quarter in range(4)]
    return np.stack([board.ravel() for board in turned])


def _planes(cells: NDArray[np.int64], planes: int) -> NDArray[np.int64]:
    """Permutations ``[K, cells * planes]`` of observations whose planes are the last axis."""
    return (cells[:, :, None] * planes + np.arange(planes)).reshape(len(cells), -1)


@cache
def square_board(side: int, planes: int) -> GameSymmetries:
    """The eight of a square board whose actions are its cells."""
    return GameSymmetries(_planes(turns(side), planes), turns(side))


@cache
def mirrored_columns(rows: int, columns: int, planes: int) -> GameSymmetries:
    """The two of a board whose actions are its columns."""
    cells, action = np.arange(rows * columns).reshape(rows, columns), np.arange(columns)
    both = np.stack([cells.ravel(), cells[:, ::-1].ravel()])
    return GameSymmetries(_planes(both, planes), np.stack([action, action[::-1]]))


@cache
def nine_boards(planes: int) -> GameSymmetries:
    """The eight of nine boards of nine cells, which turn together: a cell names a board."""
    turned = turns(3)
    action = (9 * turned[:, :, None] + turned[:, None, :]).reshape(8, 81)
    return GameSymmetries(_planes(turns(9), planes), action)


@cache
def square_parts(side: int, part: int, planes: int) -> NDArray[np.int64]:
    """Places of the squares of a board in its observation, whose planes are the last axis: ``[K, W]``."""
    places = np.arange(side * side * planes).reshape(side // part, part, side // part, part * planes)
    return places.transpose(0, 2, 1, 3).reshape((side // part) ** 2, -1)


@cache
def square_windows(rows: int, columns: int, side: int, planes: int) -> NDArray[np.int64]:
    """Places of all squares of a board in its observation, which overlap; planes are the last axis: ``[K, W]``."""
    places = np.arange(rows * columns * planes).reshape(rows, columns, planes)
    windows = sliding_window_view(places, (side, side), (0, 1))  # [rows, columns, planes, side, side]
    return windows.transpose(0, 1, 3, 4, 2).reshape(-1, side * side * planes)


@cache
def quarto_lines() -> NDArray[np.int64]:
    """Places of each line of Quarto in an observation, ``[10, 41]``: what lies on its four cells, and all pieces.

    Pieces are those that are left, and the one that is to be placed, which stands in each cell alike.
    """
    pieces = [*(11 * cell + 5 for cell in range(16)), *range(6, 11)]
    cells = [[cell for cell in range(16) if line >> cell & 1] for line in lines(4, 4)]
    return np.array([[*(11 * cell + plane for cell in four for plane in range(5)), *pieces] for four in cells])


@cache
def quarto_symmetries() -> GameSymmetries:
    """The eight of the board times the 24 orders of the four properties; both change what the planes show."""
    observations, actions = [], []
    for cells in turns(4):
        for order in permutations(range(4)):
            # the piece that comes to be piece i has property order[k] where i has k
            pieces = np.array([sum((i >> k & 1) << order[k] for k in range(4)) for i in range(16)])
            # planes: placed; properties; pieces that are left, by number; whether to place; properties of that piece
            planes = [0, *(1 + k for k in order), 5, 6, *(7 + k for k in order)]
            sources = np.array([pieces if plane == 5 else cells for plane in range(11)]).T  # [16, 11]
            observations.append((sources * 11 + planes).ravel())
            actions.append(np.concatenate([pieces, 16 + cells]))
    return GameSymmetries(np.stack(observations), np.stack(actions))
