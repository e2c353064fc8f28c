from __future__ import annotations

from typing import Any

import pytest

from marl.cli.board_text import LAST, WON, board_text, marks_of, won_line
from marl.games.registry import new_game


def played(name: str, *moves: str) -> list[Any]:
    """Positions of a game, after moves as a person writes them."""
    positions: list[Any] = [new_game(name)]
    for move in moves:
        positions.append(positions[-1].play(positions[-1].read(move)))
    return positions


def styled(text: Any, style: str) -> list[tuple[int, int, str]]:
    """Line, column and letter of what has a style."""
    found = []
    for span in text.spans:
        if span.style == style:
            before = text.plain[: span.start]
            found.append((before.count("\n"), span.start - before.rfind("\n") - 1, text.plain[span.start : span.end]))
    return found


def test_the_last_move_and_the_line_that_won_stand_out() -> None:
    last = played("tic_tac_toe", *"1425")
    assert styled(board_text(last[-1], last[-2]), LAST) == [(2, 5, "O")]
    assert styled(board_text(last[-1]), LAST) == []
    won = played("tic_tac_toe", *"14253")
    text = board_text(won[-1], won[-2])
    assert text.plain == str(won[-1])
    assert styled(text, WON) == [(0, 1, "X"), (0, 5, "X"), (0, 9, "X")]
    assert won_line(won[-1]) == "the line goes from row 1, column 1 to row 1, column 3"
    assert won_line(won[-2]) == ""


def test_boards_whose_letters_are_not_their_marks_stay_plain() -> None:
    positions = played("quarto", "p7", "1", "p8", "2")
    assert board_text(positions[-1], positions[-2]).spans == []


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("tic_tac_toe", {0: "X", 1: "O"}),
        ("connect_four", {0: "X", 1: "O"}),
        ("three_marks", {0: "X", 1: "O", 2: "Z"}),
        ("quarto", {}),
    ],
)
def test_who_plays_which_mark_is_found(name: str, marks: dict[int, str]) -> None:
    assert marks_of(new_game(name)) == marks
