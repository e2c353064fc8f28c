"""Square boards of few cells as bits: their lines, and tables for three by three."""

from __future__ import annotations

__all__ = ["FREE", "FULL", "WON", "lines"]


def lines(side: int, length: int) -> tuple[int, ...]:
    """Every so many cells side by side in a row, a column or a diagonal, one bit a cell in the order of reading."""
    found = []
    for row in range(side):
        for column in range(side):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                cells = [(row + i * down, column + i * right) for i in range(length)]
                if all(0 <= r < side and 0 <= c < side for r, c in cells):
                    found.append(sum(1 << side * r + c for r, c in cells))
    return tuple(found)


FULL = 0o777
"""All cells of three by three."""
FREE = tuple(tuple(cell for cell in range(9) if not taken >> cell & 1) for taken in range(512))
"""For each set of taken cells, the others in rising order."""
WON = tuple(any(own & line == line for line in lines(3, 3)) for own in range(512))
"""For each set of cells, whether it holds a line; it holds one too if rows and columns change places."""
