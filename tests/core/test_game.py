from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError, as_action, check_legal, play_out, read_number, view_of
from marl.envs.games.tic_tac_toe import TicTacToe


def test_an_action_becomes_an_integer_of_python() -> None:
    action = as_action(Heap(), np.int8(1))
    assert (action, type(action)) == (1, int)
    with pytest.raises(IllegalActionError, match=r"heap: 1\.0 is no action; give an integer"):
        as_action(Heap(), 1.0)


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 7 ", 7), ("1", 1), ("9", 9), ("0", None), ("10", None), ("-1", None), ("x", None), ("\u0663", None)],
)
def test_a_number_is_read_within_its_bounds(text: str, number: int | None) -> None:
    assert read_number(text, 1, 9) == number


@pytest.mark.parametrize(
    ("game", "action", "why", "message"),
    [
        (Heap(0), 0, None, "heap: the game is over, 0 cannot be played any more"),
        (Heap(4), 2, None, "heap: there is no action 2; actions are 0 to 1"),
        (Heap(1), 1, "there is but one left", "heap: action 1 is not legal: there is but one left; legal are 0"),
    ],
)
def test_an_illegal_action_is_refused_with_the_reason(game: Any, action: int, why: str | None, message: str) -> None:
    check_legal(Heap(4), 1, None)
    with pytest.raises(IllegalActionError, match=f"^{message}$"):
        check_legal(game, action, why)


def test_a_playout_plays_the_drawn_share_of_the_legal_actions() -> None:
    """Three single takes end with the first seat; a double and a single one with the second."""
    assert play_out(Heap(3), lambda: 0.0) == (1.0, -1.0)
    assert play_out(Heap(3), lambda: 0.9) == (-1.0, 1.0)


def test_only_what_is_missing_is_named_and_a_view_is_the_same_object() -> None:
    class Spoken(Heap):
        def describe(self, action: int) -> str:
            return str(action + 1)

    with pytest.raises(ConfigError, match="heap cannot be played by hand: it has no read; "):
        view_of(Spoken(4), "played by hand", "describe", "read")
    assert view_of(Spoken(4), "described", "describe").describe(1) == "2"
    game = TicTacToe()
    assert view_of(game, "drawn", "board_shape", "block", "caption", "marks") is game
