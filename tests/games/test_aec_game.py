"""PettingZoo AEC environments as positions that can be searched."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo import AECEnv
from pettingzoo.classic import connect_four_v3, rps_v2, tictactoe_v3

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


class Race(AECEnv):
    """Two agents add 1 or 2 to a sum; who brings it to 6 wins 3. The mask is in the info, actions count from 1.

    At 5, only 1 may be added. A lucky race adds a drawn bit as well.
    """

    metadata = {"name": "race"}
    render_mode = None

    def __init__(self, lucky: bool = False) -> None:
        super().__init__()
        self.possible_agents = ["a", "b"]
        self.lucky, self.generator = lucky, np.random.default_rng(0)
        self.box = [0]

    def observation_space(self, agent: str) -> Any:
        return spaces.Box(0, 8, (1,), np.float32)

    def action_space(self, agent: str) -> Any:
        return spaces.Discrete(2, start=1)

    def observe(self, agent: str) -> Any:
        return np.array(self.box, dtype=np.float32)

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        self.agents, self.agent_selection = ["a", "b"], "a"
        self.box[0] = 0
        self.rewards = {"a": 0.0, "b": 0.0}
        self._cumulative_rewards = {"a": 0.0, "b": 0.0}
        self.terminations, self.truncations = {"a": False, "b": False}, {"a": False, "b": False}
        self.infos: dict[str, Any] = {agent: {"action_mask": np.array([1, 1])} for agent in "ab"}

    def step(self, action: int | None) -> None:
        if self.terminations[self.agent_selection]:
            self._was_dead_step(action)
            return
        agent = self.agent_selection
        other = "b" if agent == "a" else "a"
        assert action in (1, 2)
        self._cumulative_rewards[agent] = 0.0
        self.box[0] += action + (int(self.generator.integers(2)) if self.lucky else 0)
        self.infos = {name: {"action_mask": np.array([1, int(self.box[0] < 5)])} for name in "ab"}
        if self.box[0] >= 6:
            self.rewards = {agent: 3.0, other: -3.0}
            self.terminations = {"a": True, "b": True}
        self._accumulate_rewards()
        self.agent_selection = other


class Sharing(Race):
    """Copies add to the same sum."""

    def __deepcopy__(self, memo: Any) -> Any:
        twin = Sharing()
        vars(twin).update(
            {key: value if key == "box" else copy.deepcopy(value, memo) for key, value in vars(self).items()}
        )
        return twin


class Losing(Race):
    """Game with rewards on the way; copies lose the rewards that nobody asked for yet."""

    def step(self, action: int | None) -> None:
        super().step(action)
        self._cumulative_rewards[self.agent_selection] += 1.0

    def __deepcopy__(self, memo: Any) -> Any:
        twin = Losing()
        vars(twin).update({key: copy.deepcopy(value, memo) for key, value in vars(self).items()})
        twin._cumulative_rewards = dict.fromkeys(self.possible_agents, 0.0)
        return twin


class Reseeding(Race):
    """Copies draw other numbers."""

    def __deepcopy__(self, memo: Any) -> Any:
        twin = Reseeding(lucky=True)
        vars(twin).update({key: copy.deepcopy(value, memo) for key, value in vars(self).items() if key != "generator"})
        twin.generator = np.random.default_rng(int(self.generator.integers(1000)))
        return twin


def reset(env: Any, seed: int = 1) -> Any:
    env.reset(seed=seed)
    return env


def test_pettingzoo_forgets_its_classic_games_in_copies() -> None:
    """The ground of the check: the copy of one is an empty board, that of the other cannot be used."""
    env = reset(tictactoe_v3.env())
    env.step(4)
    assert env.observe("player_1")["observation"].sum() == 1
    assert copy.deepcopy(env).observe("player_1")["observation"].sum() == 0
    other = reset(connect_four_v3.env())
    with pytest.raises(AttributeError, match="no attribute 'agent_selection'"):
        copy.deepcopy(other).observe("player_0")


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (
            tictactoe_v3.env(),
            r"tictactoe_v3: its copies are not true: a copy loses what was played \(agent_selection\)",
        ),
        (connect_four_v3.env(), "connect_four_v3: its copies cannot be played: AttributeError: .*'agent_selection'"),
        (rps_v2.env(), "rps_v2: its copies cannot be played: AttributeError: .*'agent_selection'"),
    ],
    ids=["tictactoe", "connect_four", "rps"],
)
def test_environments_that_forget_are_refused_with_the_reason_and_what_would_do(env: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why + ".*copier=copy_past_ezpickle keeps its state"):
        aec_game(reset(env))
    assert aec_game(reset(env), scale=15, copier=copy_past_ezpickle).num_players == 2


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (Sharing(), r"a copy changes while its original is played \(observation of a\)|the environment itself changes"),
        (Reseeding(lucky=True), r"a copy goes on in another way \("),
        (Losing(), r"a copy loses what was played \(pending reward of [ab]\)"),
    ],
    ids=["sharing", "reseeding", "losing"],
)
def test_copies_that_share_or_draw_anew_are_refused(env: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=f"race: its copies are not true: ({why})"):
        aec_game(reset(env), scale=3)


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
