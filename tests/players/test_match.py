from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from marl.core.game import GameView, IllegalActionError
from marl.envs.games.quarto import Quarto
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.uct import UCT
from marl.players.match import play_match, play_matches
from marl.players.player import Quit, Undo, View
from marl.players.searchers import UCTPlayer
from marl.players.simple import FirstLegal, Random


class Scripted:
    """Player of given moves, as a person writes them; takes back at ``undo``."""

    def __init__(self, moves: str) -> None:
        self.moves = iter(moves.split())
        self.seen: list[GameView] = []

    def choose(self, game: GameView) -> int:
        move = next(self.moves)
        if move == "undo":
            raise Undo
        if move == "quit":
            raise Quit
        self.seen.append(game)
        return game.read(move)

    def view(self) -> View | None:
        return None


def test_a_game_is_played_to_its_end_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on by 0.25 s whenever it is read: before and after each choice."""
    told: list[Any] = []
    monkeypatch.setattr("time.process_time", count(0.0, 0.25).__next__)
    match = play_match(TicTacToe(), (Scripted("1 2 3"), Scripted("4 5")), lambda *move: told.append(move))
    read = TicTacToe().read
    assert match.actions == tuple(read(move) for move in "14253")
    assert match.returns == (1.0, -1.0)
    assert match.moves == (3, 2)
    assert match.seconds == (0.75, 0.5)
    assert [action for _, action, _ in told] == list(match.actions)
    assert [before for before, _, _ in told[1:]] == [after for _, _, after in told[:-1]]
    assert told[-1][2].over


def test_going_back_leaves_the_game_as_if_nothing_had_been_played() -> None:
    """X takes back 2, and with it O's answer."""
    told: list[Any] = []
    players = (Scripted("1 2 undo 3 2"), Scripted("4 5 5"))
    match = play_match(TicTacToe(), players, lambda *move: told.append(move))
    read = TicTacToe().read
    assert match.actions == tuple(read(move) for move in "14352")
    back = [(before, after) for before, action, after in told if action is None]
    after_two = TicTacToe().play(read("1")).play(read("4"))
    assert back == [(after_two.play(read("2")).play(read("5")), after_two)]


def test_each_goes_back_to_its_own_last_choice_and_nothing_else_is_lost() -> None:
    """O takes back 4 and with it 2, then has nothing to take back; X takes back 1 and with it 5."""
    told: list[Any] = []
    players = (Scripted("1 2 undo 3 1 2"), Scripted("4 undo undo 5 9 8"))
    match = play_match(TicTacToe(), players, lambda *move: told.append(move))
    one, three, *_ = (TicTacToe().play(TicTacToe().read(move)) for move in "13")
    backs = [(before, after) for before, action, after in told if action is None]
    read = one.read
    assert backs == [
        (one.play(read("4")).play(read("2")), one),
        (one, one),
        (one.play(read("5")), TicTacToe()),
    ]
    assert match.actions == tuple(read(move) for move in "39182")
    assert told[-2][0] == three.play(read("9")).play(read("1"))


def test_who_moves_twice_is_asked_twice() -> None:
    match = play_match(Quarto(), (FirstLegal(), Random(1)))
    assert sum(match.moves) == len(match.actions)
    assert abs(match.moves[0] - match.moves[1]) <= 2
    assert match.actions[0] == 0


def test_what_is_not_legal_ends_the_match_with_an_error() -> None:
    with pytest.raises(IllegalActionError, match="the cell is taken"):
        play_match(TicTacToe(), (Scripted("1"), Scripted("1")))
    with pytest.raises(Quit):
        play_match(TicTacToe(), (Scripted("quit"), Scripted("1")))
    with pytest.raises(ValueError, match="tic_tac_toe has 2 seats; 1 players were given"):
        play_match(TicTacToe(), (Random(0),))


def tables() -> list[tuple[Any, ...]]:
    """Players that keep what they know from move to move, new ones for each game."""
    return [(UCTPlayer(UCT(20, keep=True, seed=seed)), Random(seed)) for seed in range(4)]


def test_games_in_lock_step_are_those_one_after_the_other() -> None:
    starts: list[Any] = [TicTacToe(), TicTacToe().play(4).play(0), Quarto(), TicTacToe()]
    together = play_matches(starts, tables())
    for match, start, players in zip(together, starts, tables(), strict=True):
        alone = play_match(start, players)
        assert (match.actions, match.returns, match.moves) == (alone.actions, alone.returns, alone.moves)
        assert all(len(each.seconds) == 2 and min(each.seconds) >= 0 for each in (match, alone))
    assert len({len(match.actions) for match in together}) > 1


class Together(FirstLegal):
    """The first legal action in each of many positions."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def choose_many(self, games: Any) -> list[int]:
        self.asked.append(len(games))
        return [self.choose(game) for game in games]


def test_a_player_of_many_games_is_asked_for_all_of_them_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From both seats; three games of seven moves, by a clock that goes on by 0.25 s around each choice."""
    monkeypatch.setattr("time.process_time", count(0.0, 0.25).__next__)
    both, ended = Together(), []

    def watch(number: int, moves: int) -> bool:
        ended.append(number)
        return True

    matches = play_matches([TicTacToe()] * 3, [(both, both)] * 3, watch)
    assert both.asked == [3] * 7
    assert [match.actions for match in matches] == [tuple(range(7))] * 3
    assert [match.moves for match in matches] == [(4, 3)] * 3
    assert matches[0].seconds == pytest.approx((4 * 0.25 / 3, 3 * 0.25 / 3))
    assert ended == [0] * 6 + [3]


def test_games_that_are_stopped_are_left_out() -> None:
    nearly = TicTacToe()
    for action in range(6):
        nearly = nearly.play(action)
    players = [(FirstLegal(), FirstLegal()) for _ in range(2)]
    matches = play_matches([TicTacToe(), nearly], players, lambda ended, moves: ended == 0)
    assert [match.actions for match in matches] == [(6,)]
    assert play_matches([], []) == []
    with pytest.raises(IllegalActionError, match="the cell is taken"):
        play_matches([TicTacToe()], [(Scripted("1"), Scripted("1"))])
