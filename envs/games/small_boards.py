"""Lines of small square boards as bits, and tables for three by three cells."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FREE", "FULL", "WON", "line_of", "lines"]

DIRECTIONS = (0, 1), (1, 0), (1, 1), (1, -1)
"""Steps down and right along lines; the other four are the same lines from their other ends."""


def lines(side: int, length: int) -> tuple[int, ...]:
    """List all lines of a square board: cells side by side in a row, a column or a diagonal.

    Args:
        side: width and height of the board.
        length: number of cells of a line.

    Returns:
        Sets of cells, one bit a cell in the order of reading.
    """
    found = []
    for row in range(side):
        for column in range(side):
            for down, right in DIRECTIONS:
                cells = [(row + i * down, column + i * right) for i in range(length)]
                if all(0 <= r < side and 0 <= c < side for r, c in cells):
                    found.append(sum(1 << side * r + c for r, c in cells))
    return tuple(found)


def line_of(marks: Mapping[tuple[int, int], str], length: int, block: int) -> tuple[tuple[int, int], ...]:
    """Find a line of equal marks: its cells as (row, column), or nothing.

    Args:
        marks: by cell.
        length: number of cells of a line.
        block: rows and columns that belong together; a line lies within one.
    """
    for (row, column), mark in marks.items():
        for down, right in DIRECTIONS:
            cells = tuple((row + i * down, column + i * right) for i in range(length))
            together = len({(r // block, c // block) for r, c in cells}) == 1
            if together and all(marks.get(cell) == mark for cell in cells):
                return cells
    return ()


FULL = 0o777
"""All cells of three by three."""
FREE = tuple(tuple(cell for cell in range(9) if not taken >> cell & 1) for taken in range(512))
"""``[512]``: the free cells in rising order, for each set of taken cells."""
WON = tuple(any(own & line == line for line in lines(3, 3)) for own in range(512))
"""``[512]``: True for sets of cells that hold a line. Exchanging rows and columns does not change it."""
