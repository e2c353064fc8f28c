from __future__ import annotations

import numpy as np
import pytest
import torch
from small_games import Cells

from marl.algorithms.alpha_zero import AlphaZero
from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.history import History
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.games.self_play import Samples
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, shape_of


def learner_of(game: Cells) -> AlphaZero:
    config = GameNetworkConfig()
    saved = SavedGameNetworkConfig(**config.model_dump(), game=shape_of(game, config))
    player = AgentClass("player", int(np.prod(game.observation_shape)), ActionSpec("discrete", game.num_actions))
    settings = AlphaZeroConfig(arena=None, batch_size=64, weight_decay=0)
    return AlphaZero(GameNetwork(Roster((player,), (game.num_players,)), saved), settings, 1, game, None, History(3))


def samples(game: Cells, phases: list[int]) -> Samples:
    """Positions in which all actions of their phase are legal, and the first is the best."""
    rows, cells = len(phases), len(game.owner)
    legal = np.arange(game.num_actions) // cells == np.array(phases)[:, None]
    first = legal & (np.arange(game.num_actions) % cells == 0)
    seen = np.ones((rows, int(np.prod(game.observation_shape))), np.int8)
    value = np.zeros((rows, game.num_players), np.float32)
    return Samples(seen, legal, np.array(phases), first.astype(np.float32), value)


def weights(learner: AlphaZero) -> list[torch.Tensor]:
    """Weights of the head of each phase."""
    return [learner.policy.state_dict()[f"heads.{phase}.weight"].clone() for phase in range(2)]


@pytest.mark.parametrize(("phases", "absent"), [([0] * 64, 1.0), ([0, 1] * 32, 0.0)])
def test_a_phase_without_positions_is_told_and_its_head_stays(phases: list[int], absent: float) -> None:
    game = Cells.variant("turns")
    learner = learner_of(game)
    before = weights(learner)
    told = learner.update(samples(game, phases), 0.0)
    assert told["history/phases_absent"] == absent
    stays = [torch.equal(now, then) for now, then in zip(weights(learner), before, strict=True)]
    assert stays == [False, bool(absent)]
    assert np.isfinite(told["loss/policy"])


def test_a_game_of_one_phase_is_not_told_so() -> None:
    game = Cells()
    assert "history/phases_absent" not in learner_of(game).update(samples(game, [0] * 8), 0.0)
