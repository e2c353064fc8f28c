from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.games.registry import new_game
from marl.networks.configs import MLPTrunkConfig
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, shape_of
from marl.policies.saved import save_policy

SaveNetwork = Callable[..., Path]


@pytest.fixture
def save_network(tmp_path: Path) -> SaveNetwork:
    """The run of a network with drawn weights, which tells positions apart."""

    def save(name: str = "run", game: str = "tic_tac_toe", seed: int = 0, **search: Any) -> Path:
        first, config = new_game(game), GameNetworkConfig(trunk=MLPTrunkConfig(hidden=(16,)))
        size, action = int(np.prod(first.observation_shape)), ActionSpec("discrete", first.num_actions)
        roster = Roster((AgentClass("player", size, action),), (first.num_players,))
        search = {"kind": "puct", "simulations": 6, **search}
        described = {**config.model_dump(), "game": shape_of(first, config), "search": search}
        network = GameNetwork(roster, SavedGameNetworkConfig.model_validate(described))
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.normal_(generator=generator)
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        save_policy(tmp_path / name / "policy", network, {"name": game})
        return tmp_path / name

    return save
