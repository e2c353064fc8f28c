from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pettingzoo.test import api_test, seed_test

from marl.core.game import IllegalActionError
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.turn_based import TurnBasedEnv, to_aec

STARTS: list[Any] = [TicTacToe(), ConnectFour(), NineBoard.drawn, ThreeMarks(), Quarto()]
NAMES = ["tic_tac_toe", "connect_four", "nine_board", "three_marks", "quarto"]
ALL = pytest.mark.parametrize(
    "start", STARTS, ids=["tic_tac_toe", "connect_four", "nine_board", "three_marks", "quarto"]
)


@ALL
def test_it_passes_pettingzoos_checks(start: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty board is all zeros; dictionaries are no Box
        api_test(to_aec(start), num_cycles=100)
        seed_test(partial(to_aec, start), num_cycles=20)


def facts(env: TurnBasedEnv) -> tuple[Any, ...]:
    """All that a user can ask of an environment."""
    seen = {agent: env.observe(agent) for agent in env.possible_agents}
    arrays = [(agent, name, array.tobytes()) for agent, parts in seen.items() for name, array in parts.items()]
    told = (env.rewards, env._cumulative_rewards, env.terminations, env.truncations, env.infos)
    return (arrays, env.agents, env.agent_selection, told, env.render(), env.generator.bit_generator.state)


class Copies(RuleBasedStateMachine):
    """An environment and its copies are played side by side and never differ."""

    make: Callable[[], TurnBasedEnv]

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed: int) -> None:
        self.env = self.make()
        self.env.reset(seed=seed)
        self.twins: list[TurnBasedEnv] = []

    @rule()
    def copied(self) -> None:
        self.twins = [*self.twins[-2:], copy.deepcopy(self.env)]

    @rule()
    def pickled(self) -> None:
        self.twins = [*self.twins[-2:], pickle.loads(pickle.dumps(self.env))]

    @rule()
    def drawn_anew(self) -> None:
        for env in (self.env, *self.twins):
            env.reset()

    @rule()
    def watched(self) -> None:
        self.env.render()
        for agent in self.env.possible_agents:
            self.env.observe(agent)["observation"].fill(1)  # what is seen is the reader's own

    @precondition(lambda self: self.env.agents)
    @rule(data=st.data())
    def played(self, data: st.DataObject) -> None:
        legal = np.flatnonzero(self.env.observe(self.env.agent_selection)["action_mask"]).tolist()
        action = data.draw(st.sampled_from(legal)) if legal else None
        for env in (self.env, *self.twins):
            env.step(action)

    @precondition(lambda self: self.env.agents and not self.env.game.over)
    @rule(data=st.data())
    def forbidden(self, data: st.DataObject) -> None:
        env = self.env
        wrong = sorted(set(range(-1, env.game.num_actions + 1)) - set(env.game.legal))
        action, before = data.draw(st.sampled_from(wrong)), facts(env)
        with pytest.raises(IllegalActionError):
            env.step(action)
        assert facts(env) == before

    @invariant()
    def alike(self) -> None:
        for twin in getattr(self, "twins", ()):
            assert facts(twin) == facts(self.env)


@ALL
def test_a_copy_or_a_pickle_keeps_the_state(start: Any) -> None:
    machine = type("Copies", (Copies,), {"make": staticmethod(partial(to_aec, start, "ansi"))})
    machine.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
    machine.TestCase().runTest()


@ALL
def test_a_thousand_random_games_end_as_the_positions_say(start: Any) -> None:
    env, draw, ends = to_aec(start), np.random.default_rng(0), set()
    for seed in range(1000 if start == STARTS[0] else 100):
        env.reset(seed=seed)
        totals = dict.fromkeys(env.possible_agents, 0.0)
        for agent in env.agent_iter():
            observation, reward, terminated, truncated, _ = env.last()
            totals[agent] += reward
            assert not truncated
            env.step(None if terminated else draw.choice(np.flatnonzero(observation["action_mask"])))
        assert env.agents == []
        assert tuple(totals.values()) == env.game.returns
        ends.add(env.game.returns)
    assert len(ends) > env.game.num_players - 1


def test_an_illegal_action_is_refused_by_name_and_the_game_stays_as_it_was() -> None:
    env = to_aec(TicTacToe())
    env.reset()
    env.step(4)
    for action, message in ((4, "the cell is taken"), (-1, "there is no action -1"), (9, "there is no action 9")):
        with pytest.raises(IllegalActionError, match=message):
            env.step(action)
    for nonsense in (None, 1.5, 2.0, "x", [1]):
        with pytest.raises(IllegalActionError, match="is no action; give an integer"):
            env.step(nonsense)  # type: ignore[arg-type]
    assert env.agent_selection == "player_1"
    env.step(np.int64(0))
    assert env.agent_selection == "player_0"


def test_a_game_begins_from_a_position_that_is_given() -> None:
    env = to_aec(NineBoard.drawn, "ansi")
    env.reset(options={"game": NineBoard.start(3)})
    assert np.flatnonzero(env.observe("player_0")["action_mask"]).tolist() == list(range(27, 36))
    with pytest.raises(ValueError, match=r"^nine_board: the position given is of quarto"):
        env.reset(options={"game": Quarto()})


def test_a_seed_draws_the_first_position() -> None:
    boards = []
    for seed in (*range(30), *range(30)):
        env = to_aec(NineBoard.drawn)
        env.reset(seed=seed)
        boards.append(env.game.board)
    assert boards[:30] == boards[30:]
    assert len(set(boards)) > 5  # of 9 boards 30 draws leave out 0.3 on average


def test_a_picture_marks_the_last_move_and_none_at_first() -> None:
    env = to_aec(TicTacToe(), "rgb_array")
    env.reset()
    assert tuple(env.render()[110, 110]) == (255, 255, 255)
    env.step(0)
    assert tuple(env.render()[110, 110]) == (0xFF, 0xE9, 0xA8)
    env.reset()
    assert tuple(env.render()[110, 110]) == (255, 255, 255)


def test_pictures_and_text_and_neither() -> None:
    text = to_aec(TicTacToe().play(0), "ansi")
    text.reset()
    assert text.render() == " X | 2 | 3 \n---+---+---\n 4 | 5 | 6 \n---+---+---\n 7 | 8 | 9 "
    drawn = to_aec(ConnectFour().play(0), "rgb_array")
    drawn.reset()
    picture = drawn.render()
    assert isinstance(picture, np.ndarray)
    assert (picture.shape, picture.dtype) == ((309, 360, 3), np.uint8)
    coloured = np.argwhere((picture == (0, 0x72, 0xB2)).all(-1))
    assert coloured[:, 0].min() > 309 * 5 / 6
    assert coloured[:, 1].max() < 360 / 7
    pictures = []
    for piece in (3, 9):
        env = to_aec(Quarto(), "rgb_array")
        env.reset()
        env.step(piece)
        pictures.append(env.render())
    assert (pictures[0][:355] == pictures[1][:355]).all()
    assert (pictures[0][365:] != pictures[1][365:]).any()
    with pytest.raises(ValueError, match=r"render_mode is 'human'; there is ansi, rgb_array and None"):
        to_aec(TicTacToe(), "human")
