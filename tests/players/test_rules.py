from __future__ import annotations

from typing import Any

import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.rules import RulePlayer


def answers(moves: str) -> tuple[str, Any]:
    """Answers of the rule player, who has the other seat, to each move of a person, and the position at the end."""
    game: Any = TicTacToe()
    played = []
    for move in moves:
        game = game.play(game.read(move))
        if not game.over:
            action = RulePlayer().choose(game)
            played.append(game.describe(action))
            game = game.play(action)
    return "".join(played), game


@pytest.mark.parametrize(
    ("first", "second", "wished"),
    [
        ("", "", "5"),  # centre
        ("5", "", "1"),  # corner, the first of them
        ("59", "1", "3"),  # a corner, since nothing threatens
        ("12", "59", "3"),  # wins before all else
        ("15", "32", "9"),  # a diagonal
        ("12", "45", "3"),  # wins rather than blocks 6
        ("138", "25", "7"),  # the first corner that is left
        ("15", "24", "9"),  # wins rather than takes the first corner
        ("1", "5", "3"),  # the first free corner
        ("15", "9", "3"),  # nothing to win or block: 1-5-9 is closed
        ("18", "57", "3"),  # blocks 3-5-7
        ("1267", "3459", "8"),  # nothing but a side is left
    ],
)
def test_it_wins_blocks_and_else_takes_centre_corner_side(first: str, second: str, wished: str) -> None:
    read = TicTacToe().read
    game = TicTacToe((sum(1 << read(c) for c in first), sum(1 << read(c) for c in second)))
    assert game.describe(RulePlayer().choose(game)) == wished


@pytest.mark.parametrize(("moves", "replies"), [("1978", "534"), ("6897", "513")])
def test_two_refutations_beat_it(moves: str, replies: str) -> None:
    """Opposite corners; two sides that meet. Each makes two threats at once."""
    played, end = answers(moves)
    assert played == replies
    assert end.returns == (1.0, -1.0)


def test_having_the_first_move_it_never_loses() -> None:
    def worst(game: Any) -> float:
        if game.over:
            return float(game.returns[0])
        if game.mover == 0:
            return worst(game.play(RulePlayer().choose(game)))
        return min(worst(game.play(action)) for action in game.legal)

    assert worst(TicTacToe()) == 0.0


def test_other_games_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="rules are those of tic_tac_toe; connect_four cannot be played by them"):
        RulePlayer().choose(ConnectFour())
