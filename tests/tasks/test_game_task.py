from __future__ import annotations

from typing import Any

import line_pettingzoo
import pytest
import torch
from small_games import Cells, Stones, small_games

import marl
from marl.core.errors import ConfigError
from marl.tasks.environment_config import environment_config, game_of
from marl.tasks.game_task import GameTask
from marl.tasks.pettingzoo.task import PettingZooTask
from marl.tasks.registry import find_task

__all__ = ["small_games"]


def task_and_config(name: str) -> Any:
    return environment_config({"name": name}, {})


def test_a_games_name_is_a_tasks(small_games: None) -> None:
    for name, first in (("stones", Stones()), ("cells", Cells()), ("cells:cube", Cells.variant("cube"))):
        task, config = task_and_config(name)
        assert isinstance(task, GameTask)
        assert task.describe(config) == {"game": name}
        assert game_of(task, config) == first
    assert not isinstance(find_task("cells:cube", "pettingzoo"), GameTask)
    with pytest.raises(ConfigError, match="env: cells:round: there is no such variant of cells: there is last, first"):
        game_of(*task_and_config("cells:round"))


def test_players_take_turns_and_get_what_the_game_gives(small_games: None) -> None:
    """Of five stones 2, 1, 1 and 1 are taken, the last by the second player."""
    task, config = task_and_config("stones")
    environment = task.make(config, 1)
    (player,) = environment.roster.classes
    assert (environment.roster.size, player.action.size, player.feature_size) == (2, 2, 6)
    observation = environment.reset(0)
    for mover, taken, left in ((0, 2, 5), (1, 1, 3), (0, 1, 2), (1, 1, 1)):
        mask = observation.action_mask[player.name][0]
        assert observation.to_move.tolist() == [[mover == 0, mover == 1]]
        assert mask[mover].tolist() == [True, left > 1]
        assert observation.features[player.name][0, mover].argmax() == left
        step = environment.step({player.name: torch.full((1, 2), taken - 1)})
        observation = step.observation
    assert step.reward.tolist() == [[-1, 1]]
    assert step.terminated.all() and not step.truncated.any()
    environment.close()


def test_a_task_without_turns_is_no_game() -> None:
    for name in ("meeting", "CartPole-v1"):
        with pytest.raises(
            ConfigError, match=f"env.name is '{name}', which is no turn-based game; name one of marl li"
        ):
            game_of(*task_and_config(name))
    task, config = task_and_config(f"{line_pettingzoo.__name__}:Line")
    with pytest.raises(ConfigError, match="'line_pettingzoo:Line', whose agents act at once; name a turn-based game"):
        game_of(task, config)


def test_a_turn_based_environment_is_a_game(small_games: None) -> None:
    """The same positions through copies of an environment."""
    task, config = task_and_config("small_games:stones_env")
    assert type(task) is PettingZooTask
    game, first = game_of(task, config), Stones()
    assert (game.num_players, game.num_actions, tuple(game.observation_shape)) == (2, 2, (6,))
    for action in (1, 0, 0, 0):
        assert game.legal == first.legal and game.mover == first.mover
        assert (game.observe(game.mover) == first.observe(first.mover)).all()
        game, first = game.play(action), first.play(action)
    assert game.over and game.returns == first.returns


def test_other_algorithms_learn_a_game_too(small_games: None, tmp_path: Any) -> None:
    settings = {
        "env": {"name": "stones"},
        "algorithm": {"name": "ppo", "minibatches": 1, "epochs": 1},
        "policy": {"encoder": {"hidden": [8], "temporal": "none"}, "critic": {"hidden": [8]}},
        "total_env_steps": 64,
        "num_copies": 4,
        "rollout_length": 8,
        "evaluation_episodes": 2,
        "threads": 1,
    }
    result = marl.train(settings, out=tmp_path / "x")
    assert result.finished and result.env_steps == 64
    assert marl.evaluate(tmp_path / "x", episodes=2)["episodes"] == 2
