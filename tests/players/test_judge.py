from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game import Game, IllegalActionError
from marl.games.judges.judged_positions import JudgedPosition, judged_positions
from marl.games.search.negamax import Negamax
from marl.players.judge import Mistakes, count_mistakes, judge
from marl.players.player import View
from marl.players.searchers import NegamaxPlayer, UCTPlayer
from marl.players.simple import FirstLegal

HEAPS = [JudgedPosition(Heap(left), values) for left, values in ((5, (-1, 1)), (4, (1, -1)), (3, (-1, -1)), (1, (1,)))]
"""With 5 left two must be taken, with 4 one; with 3 all is lost, with 1 there is no choice."""


class LastLegal:
    """Play the last legal action of all positions at once."""

    def choose(self, game: Game) -> int:
        raise AssertionError("one position alone")

    def choose_many(self, games: Sequence[Game]) -> list[int]:
        return [game.legal[-1] for game in games]

    def view(self) -> View | None:
        return None


def test_mistakes_are_counted() -> None:
    assert count_mistakes(lambda number: FirstLegal(), HEAPS) == Mistakes(1, 4)
    assert count_mistakes(lambda number: LastLegal(), HEAPS) == Mistakes(1, 4)
    assert count_mistakes(lambda number: LastLegal(), HEAPS[:1]) == Mistakes(0, 1)
    assert count_mistakes(lambda number: NegamaxPlayer(Negamax(5)), HEAPS) == Mistakes(0, 4)


def test_an_illegal_choice_is_refused() -> None:
    one = LastLegal()
    one.choose_many = lambda games: [1] * len(games)  # type: ignore[method-assign]
    with pytest.raises(IllegalActionError, match="there is but one left"):
        count_mistakes(lambda number: one, HEAPS)


def test_shares_have_the_intervals_of_wilson() -> None:
    """0 of 20 as Newcombe (1998) has it; 1 of 10 by hand: 0.2110 -+ 0.1931, over 1 + z^2 / 10 = 1.384."""
    assert Mistakes(0, 20).share_ci95 == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert Mistakes(1, 10).as_json() == {
        "positions": 10,
        "mistakes": 1,
        "share": 0.1,
        "share_ci95": pytest.approx([0.0179, 0.4042], abs=5e-5),
    }


def test_nothing_of_one_position_is_known_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    grown: list[bool] = []
    real = UCTPlayer.choose

    def choose(self: UCTPlayer, game: Game) -> int:
        grown.append(self.search.tree is None)
        return real(self, game)

    monkeypatch.setattr(UCTPlayer, "choose", choose)
    judge("nine_board", ["uct:1"], positions=4)
    assert grown == [True] * 4


def test_perfect_play_makes_no_mistake_and_the_first_move_as_many_as_there_are() -> None:
    report = judge("tic_tac_toe", ["negamax:9", "first"], positions=60, seed=3)
    perfect, first = (player.buckets["all"] for player in report.players)
    assert (perfect.mistakes, perfect.positions) == (0, 60)
    (positions,) = judged_positions("tic_tac_toe", 60, 3).values()
    assert first.mistakes == sum(position.values[0] < max(position.values) for position in positions) > 10


def test_draws_depend_on_the_seed_and_not_on_who_else_is_judged() -> None:
    def mistakes(*players: str, seed: int = 1) -> Mistakes:
        """In all positions, so that the seed does not draw these too."""
        report = judge("nine_board", players, seed=seed)
        return next(each for each in report.players if each.player == "random").buckets["late"]

    assert mistakes("random") == mistakes("first", "random") != mistakes("random", seed=2)


def test_networks_stay_what_they_are_when_judging_begins(save_network: Callable[..., Path]) -> None:
    run = save_network()
    players = [f"az:{run}:1", f"az:{run}:0"]
    first = judge("tic_tac_toe", players, 300)

    def write_another(done: int, total: int) -> None:
        if done == 1:
            save_network(seed=1)
            os.utime(run / "policy" / "policy.safetensors", ns=(1, 1))  # clocks of file systems may be coarse

    assert judge("tic_tac_toe", players, 300, watch=write_another) == first
    assert judge("tic_tac_toe", players, 300) != first


def test_progress_is_told_and_the_report_has_all_numbers() -> None:
    seen: list[tuple[int, int]] = []
    report = judge("nine_board", ["first", " random "], 3, 5, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(7)]
    values = report.as_json()
    assert (values["game"], values["seed"]) == ("nine_board", 5)
    assert [player["player"] for player in values["players"]] == ["first", "random"]
    assert values["players"][0]["buckets"]["late"] == report.players[0].buckets["late"].as_json()


@pytest.mark.parametrize(
    ("game", "players", "seed", "told"),
    [
        ("quarto", ["random"], 0, "quarto has no judge; there is one of connect_four, nine_board, tic_tac_toe"),
        ("nine_board", [], 0, "nobody is judged; name a player, e.g. uct:1000"),
        ("nine_board", ["random", "human"], 0, "player 'human' cannot be judged"),
        ("nine_board", ["random", "random"], 0, "player 'random' is named twice; name each once"),
        ("nine_board", ["chess"], 0, "there is no player 'chess'; there is random"),
        ("nine_board", ["rules"], 0, "player 'rules' knows the rules of thumb of tic_tac_toe only"),
        ("nine_board", ["random"], -1, "seed is -1; give at least 0"),
    ],
)
def test_bad_input_is_refused_before_anybody_moves(game: str, players: list[str], seed: int, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        judge(game, players, 5, seed, lambda done, total: pytest.fail("somebody moved"))
