"""Copies of PettingZoo environments that go on as their originals do, and others, which are refused."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from pettingzoo.classic import connect_four_v3, rps_v2, tictactoe_v3
from race_env import Race, reset

from marl.core.errors import ConfigError
from marl.games.aec_copies import copy_past_ezpickle
from marl.games.aec_game import aec_game


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


class Paying(Race):
    """Game that empties ``agents`` at its end; copies pay another prize."""

    prize = 3.0

    def step(self, action: int | None) -> None:
        super().step(action)
        if self.terminations["a"]:
            self.rewards = {"a": self.prize, "b": -self.prize}
            self.agents = []

    def __deepcopy__(self, memo: Any) -> Any:
        twin = Paying()
        vars(twin).update({key: copy.deepcopy(value, memo) for key, value in vars(self).items()})
        twin.prize = self.prize - 1.0
        return twin


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
        (Paying(), r"a copy goes on in another way \(reward of a\)"),
    ],
    ids=["sharing", "reseeding", "losing", "paying"],
)
def test_copies_that_share_or_draw_anew_are_refused(env: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=f"race: its copies are not true: ({why})"):
        aec_game(reset(env), scale=3)
