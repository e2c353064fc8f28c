"""Lines of small square boards as bits, and tables for three by three cells."""

from __future__ import annotations

__all__ = ["FREE", "FULL", "WON", "lines"]


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
            # Four directions are enough: the other four are the same lines from their other ends.
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                cells = [(row + i * down, column + i * right) for i in range(length)]
                if all(0 <= r < side and 0 <= c < side for r, c in cells):
                    found.append(sum(1 << side * r + c for r, c in cells))
    return tuple(found)


FULL = 0o777
"""All cells of three by three."""
FREE = tuple(tuple(cell for cell in range(9) if not taken >> cell & 1) for taken in range(512))
"""``[512]``: the free cells in rising order, for each set of taken cells."""
WON = tuple(any(own & line == line for line in lines(3, 3)) for own in range(512))
"""``[512]``: True for sets of cells that hold a line. Exchanging rows and columns does not change it."""
