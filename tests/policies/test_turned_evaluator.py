from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from game_positions import positions
from numpy.testing import assert_allclose
from small_games import Cells

from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.players.network_player import NetworkPlayer
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, NetworkEvaluator, TurnedEvaluator, shape_of
from marl.training.opening import open_run
from marl.training.presets import settings_of
from marl.training.run_config import read_config


def network_of(game: Any, turned: bool = True) -> GameNetwork:
    """A network of drawn weights, which knows of no symmetry."""
    config = GameNetworkConfig()
    described = {**config.model_dump(), "game": shape_of(game, config), "turned": turned}
    size = int(np.prod(game.observation_shape))
    roster = Roster((AgentClass("player", size, ActionSpec("discrete", game.num_actions)),), (game.num_players,))
    network, generator = GameNetwork(roster, SavedGameNetworkConfig.model_validate(described)), torch.Generator()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.2, generator=generator.manual_seed(parameter.numel()))
    return network.eval()


def seen_turned(network: GameNetwork, game: Any) -> list[tuple[Any, Any]]:
    """Logits and values of a position by each symmetry: number ``k`` makes ``p[action[k]]`` of numbers ``p``."""
    seen, symmetries, found = game.observe(game.mover).reshape(-1), TicTacToe.symmetries, []
    for observation, action in zip(symmetries.observation, symmetries.action, strict=True):
        shown = torch.from_numpy(seen[observation]).float()[None]
        logits, values = (output[0].detach().numpy() for output in network(shown, torch.tensor([0])))
        back = np.empty_like(logits)
        back[action] = logits
        found.append((back, values if game.mover == 0 else values[::-1]))
    return found


def test_each_position_is_seen_through_one_symmetry() -> None:
    network, games = network_of(TicTacToe()), positions(TicTacToe(), 60, 3)
    logits, values = TurnedEvaluator(network).evaluate(positions_of(games))
    drawn = set[int]()
    for row, value, game in zip(logits, values, games, strict=True):
        expected = seen_turned(network, game)
        (fits, *_) = [k for k, (by_hand, _) in enumerate(expected) if np.allclose(by_hand, row, atol=1e-5)]
        assert_allclose(value, expected[fits][1], atol=1e-5)
        drawn.add(fits)
    assert drawn == set(range(8))


def test_a_position_has_the_same_evaluation_each_time() -> None:
    evaluator, games = TurnedEvaluator(network_of(TicTacToe())), positions(TicTacToe(), 20, 3)
    together, _ = evaluator.evaluate(positions_of(games))
    for row, game in zip(together, games, strict=True):
        alone, _ = evaluator.evaluate(positions_of([game]))
        assert_allclose(alone[0], row, atol=1e-5)


def test_a_game_without_symmetries_is_seen_as_it_is() -> None:
    network, games = network_of(Cells()), positions(Cells(), 10, 2)
    for found, expected in zip(
        TurnedEvaluator(network).evaluate(positions_of(games)),
        NetworkEvaluator(network).evaluate(positions_of(games)),
        strict=True,
    ):
        assert_allclose(found, expected)


@pytest.mark.parametrize("symmetries", [True, False])
def test_a_player_turns_positions_as_training_did(symmetries: bool, tmp_path: Path) -> None:
    settings = settings_of("tic_tac_toe_alpha_zero")
    settings = {**settings, "algorithm": {**settings["algorithm"], "symmetries": symmetries}}
    with open_run(read_config(settings), tmp_path / "run", False) as run:
        network: Any = run.policy
    kinds = [type(NetworkPlayer(network, simulations).evaluator) for simulations in (None, 5, 0)]
    searching = TurnedEvaluator if symmetries else NetworkEvaluator
    assert kinds == [searching, searching, NetworkEvaluator]
