from __future__ import annotations

from marl.envs.games.small_boards import FREE, FULL, WON, line_of, lines


def test_lines_of_three_by_three_are_rows_columns_and_diagonals() -> None:
    rows, columns, diagonals = {0o7, 0o70, 0o700}, {0o111, 0o222, 0o444}, {0o421, 0o124}
    assert set(lines(3, 3)) == rows | columns | diagonals
    assert len(lines(3, 3)) == 8


def test_shorter_lines_lie_in_several_places() -> None:
    """Four by four cells: two places in each of 4 rows and 4 columns, and 4 on diagonals in each direction."""
    assert len(set(lines(4, 3))) == len(lines(4, 3)) == 2 * 4 + 2 * 4 + 4 + 4
    assert len(lines(4, 4)) == 4 + 4 + 2


def test_a_line_of_equal_marks_is_found_in_each_direction() -> None:
    for cells in (
        ((1, 1), (1, 2), (1, 3)),
        ((0, 2), (1, 2), (2, 2)),
        ((1, 0), (2, 1), (3, 2)),
        ((0, 3), (1, 2), (2, 1)),
    ):
        marks = {**dict.fromkeys(cells, "X"), (3, 3): "O"}
        assert line_of(marks, 3, 4) == cells
        assert line_of({**marks, cells[1]: "O"}, 3, 4) == ()
        assert line_of(marks, 4, 4) == ()


def test_a_line_lies_within_a_block() -> None:
    across = dict.fromkeys(((0, 1), (0, 2), (0, 3)), "X")
    assert line_of(across, 3, 4) != () == line_of(across, 3, 3)


def test_tables_of_three_by_three_list_free_cells_and_lines() -> None:
    assert FREE[0] == (0, 1, 2, 3, 4, 5, 6, 7, 8)
    assert FREE[0b101_010_101] == (1, 3, 5, 7)
    assert FREE[FULL] == ()
    assert WON[0b000_000_111]
    assert WON[0b100_111_001]
    assert not WON[0b011_100_011]
