"""PettingZoo AEC environments as positions that can be searched."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo.classic import connect_four_v3, rps_v2, tictactoe_v3
from race_env import Race, reset

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games import aec_copies
from marl.games.aec_copies import copy_past_ezpickle
from marl.games.aec_game import aec_game
from marl.games.board_picture import board_picture
from marl.games.search.python_tree import draws_of
from marl.games.search.uct import UCT
from marl.games.turn_based import to_aec

STARTS = [TicTacToe(), ConnectFour(), NineBoard(), ThreeMarks(), Quarto()]


def test_other_environments_that_cannot_be_searched_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"race: it cannot be looked at \(AttributeError: .*\); reset it first"):
        aec_game(Race())
    with pytest.raises(ConfigError, match="race: scale is 0; give the largest number that can be won"):
        aec_game(reset(Race()), scale=0)
    with pytest.raises(ConfigError, match="race: 3 was won, and scale is 1; give more"):
        UCT(10).search(aec_game(reset(Race())))

    untouched = reset(Race())
    with pytest.raises(ConfigError, match=r"race: .*: what the copier gives is the environment itself"):
        aec_game(untouched, scale=3, copier=lambda env: env)
    assert untouched.box == reset(Race()).box

    class Continuous(Race):
        def action_space(self, agent: str) -> Any:
            return spaces.Box(0, 1, (1,))

    with pytest.raises(ConfigError, match=r"race: a acts in Box.*must be Discrete"):
        aec_game(reset(Continuous()))
    monkeypatch.setattr(aec_copies, "LONGEST", 3)
    with pytest.raises(ConfigError, match="a random game has not ended after 3 steps"):
        aec_game(reset(to_aec(ConnectFour())))


@pytest.mark.parametrize("start", STARTS, ids=[start.name for start in STARTS])
def test_a_game_through_its_environment_is_the_same_game(start: Any) -> None:
    """Movers, legal actions, ends, returns and playouts along random games."""
    env = reset(to_aec(start))
    first = aec_game(env)
    assert (first.name, first.num_players, first.num_actions) == (start.name, start.num_players, start.num_actions)
    assert first.observation_shape == start.observation_shape
    for seed in range(5):
        draw, game, position = draws_of(seed), start, first
        while True:
            assert (position.over, position.legal, position.returns) == (game.over, game.legal, game.returns)
            if game.over:
                break
            assert position.mover == game.mover
            assert np.array_equal(position.observe(game.mover), game.observe(game.mover))
            assert position.rollout(draws_of(seed)) == game.rollout(draws_of(seed))
            action = game.legal[int(draw() * len(game.legal))]
            game, position = game.play(action), position.play(action)
    assert env.game == start


@pytest.mark.parametrize(
    ("env", "start"), [(tictactoe_v3.env(), TicTacToe()), (connect_four_v3.env(), ConnectFour())], ids=["ttt", "c4"]
)
def test_a_search_of_pettingzoo_finds_what_a_search_of_our_rules_finds(env: Any, start: Any) -> None:
    reset(env)
    players = [UCT(60, seed=3, compiled=False) for _ in range(2)]
    for _ in range(4):
        mine = players[0].search(start)
        theirs = players[1].search(aec_game(env, copier=copy_past_ezpickle))
        assert sum(each.visits for each in theirs.statistics) == 60
        players[0].tree = None
        assert theirs == mine
        env.step(mine.action)
        start = start.play(mine.action)


def test_a_search_keeps_its_tree_along_one_game() -> None:
    position, player = aec_game(reset(to_aec(TicTacToe()))), UCT(800)
    result = player.search(position)
    assert len(result.principal_variation) >= 3
    for action in result.principal_variation[:2]:
        position = position.play(action)
    assert sum(each.visits for each in player.search(position).statistics) > 800


def test_the_perfect_player_of_a_race_is_found_through_masks_in_infos() -> None:
    """Whoever is to add to 0 or 3 has lost: the other brings it to 3, then to 6."""
    position = aec_game(reset(Race()), scale=3)
    assert position.num_actions == 2
    result = UCT(500).search(position)
    assert {(each.proven, each.value) for each in result.statistics} == {(True, (-1.0, 1.0))}
    five = position.play(1).play(1).play(0)
    assert five.legal == (0,)
    with pytest.raises(
        IllegalActionError, match="race: action 1 is not legal: its action mask forbids it; legal are 0"
    ):
        five.play(1)


def test_rewards_on_the_way_are_added_up_for_each_seat() -> None:
    """15 rounds of rock and paper: the second seat wins each."""
    position = aec_game(reset(rps_v2.env()), scale=15, copier=copy_past_ezpickle)
    for move in range(30):
        assert not position.over
        assert position.returns == (0.0, 0.0)
        position = position.play(move % 2)
    assert position.over
    assert position.returns == (-1.0, 1.0)


class Toll(Race):
    """Race in which each action costs 1; it tells rewards in several ways, and may empty ``agents`` at its end."""

    def __init__(self, way: str, empties: bool) -> None:
        super().__init__()
        self.way, self.empties = way, empties

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        super().reset()
        if self.way == "nothing gathered":
            del self._cumulative_rewards

    def step(self, action: int | None) -> None:
        if self.way == "nothing gathered":
            self._cumulative_rewards = {"a": 0.0, "b": 0.0}
        if not self.terminations[self.agent_selection]:
            self.rewards = {"a": 0.0, "b": 0.0}
        super().step(action)
        if self.empties and any(self.terminations.values()):
            self.agents = []
        if self.way == "nothing gathered":
            del self._cumulative_rewards

    def _accumulate_rewards(self) -> None:
        self.rewards[self.agent_selection] -= 1.0
        if self.way != "gathered rewards stay 0":
            super()._accumulate_rewards()
        if self.way == "rewards cleared":
            self._clear_rewards()


@pytest.mark.parametrize("empties", [False, True], ids=["agents stay", "agents emptied"])
@pytest.mark.parametrize(
    "way", ["as PettingZoo asks", "nothing gathered", "gathered rewards stay 0", "rewards cleared"]
)
def test_rewards_count_however_an_environment_tells_them_and_ends(way: str, empties: bool) -> None:
    """a brings the sum to 2 and 6, b to 4: a wins 3 and pays 2, b loses 3 and pays 1."""
    first = aec_game(reset(Toll(way, empties)), scale=5)
    end = first.play(1).play(1).play(1)
    assert end.over
    assert end.returns == first.rollout(lambda: 0.99) == first.play(1).play(1).rollout(lambda: 0.99) == (0.2, -0.8)


def test_positions_are_equal_by_their_actions_and_are_their_own_copies() -> None:
    first = aec_game(reset(to_aec(TicTacToe())))
    other = aec_game(reset(to_aec(TicTacToe())))
    assert first.play(3) == first.play(3)
    assert hash(first.play(3)) == hash(first.play(3))
    assert first.play(3) != first.play(4)
    assert first != other
    assert copy.deepcopy(first) is first
    with pytest.raises(TypeError, match="a position of a PettingZoo environment cannot be pickled"):
        pickle.dumps(first)
    assert [first.read(first.describe(action)) for action in range(9)] == list(range(9))
    with pytest.raises(IllegalActionError, match="'9' is no action; write a number from 0 to 8"):
        first.read("9")
    with pytest.raises(IllegalActionError, match="is no action; write a number from 0 to 8"):
        first.read("1" * 5000)
    with pytest.raises(IllegalActionError, match=r"'3' is no action; give an integer"):
        first.play("3")  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match="tic_tac_toe cannot be drawn: it has no board_shape, block, caption, marks; "
    ):
        board_picture(first)  # type: ignore[arg-type]
    assert str(first.play(3).play(4)) == "tic_tac_toe 3 4"
    assert "X" in str(aec_game(reset(to_aec(TicTacToe(), render_mode="ansi"))).play(3))
