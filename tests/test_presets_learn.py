"""The presets of games learn: after seconds of training the network alone beats the one that training began with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marl.core.game import Game
from marl.core.settings import with_part
from marl.games.arena import play_arena
from marl.games.registry import new_game
from marl.games.search.configs import PUCTConfig
from marl.policies.game_network import GameNetwork, NetworkEvaluator
from marl.training.presets import settings_of
from marl.training.run import build_run
from marl.training.run_config import RunConfig, complete_values, read_config, task_of
from marl.training.train import train_run

NEVER = 10**9
QUICK: dict[str, Any] = {
    "algorithm": {"arena": None, "evaluation_players": [], "search": {"simulations": 16}},
    "evaluation_interval": NEVER,
    "checkpoint_interval": NEVER,
    "log_interval": NEVER,
    "threads": 1,
}
SMALLER = {"trunk": {"channels": 32, "hidden": [64, 32]}}
"""Of the classic preset, whose own network takes minutes for what this one learns in seconds."""


def agreement(network: GameNetwork, game: Game) -> float:
    """Mean product of values and outcomes, by seat, in all positions of 50 random games; negative for wrong seats."""
    generator, games, outcomes = np.random.default_rng(1), list[Game](), list[tuple[float, ...]]()
    for _ in range(50):
        position, before = game, len(games)
        while not position.over:
            games.append(position)
            position = position.play(int(generator.choice(position.legal)))
        outcomes += [tuple(position.returns)] * (len(games) - before)
    return float((network.value_of(games)[1] * np.array(outcomes)).mean())


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("tic_tac_toe_alpha_zero", {"total_env_steps": 4_000}),
        ("connect_four_alpha_zero", {"total_env_steps": 6_000}),
        ("nine_board_alpha_zero", {"total_env_steps": 8_000}),
        ("quarto_alpha_zero", {"total_env_steps": 24_000, "algorithm": {"search": {"simulations": 8}}}),
        ("three_marks_alpha_zero", {"total_env_steps": 4_000}),
        ("tic_tac_toe_alpha_zero_classic", {"total_env_steps": 600, "policy": SMALLER, "algorithm": {"epochs": 5}}),
    ],
)
def test_the_network_beats_the_one_of_the_beginning(preset: str, changes: Any, tmp_path: Path) -> None:
    """Over 200 games from random openings of two moves, each from all seats; equals would have a half of the points,
    with a standard deviation of at most 0.035."""
    values = settings_of(preset)
    values = complete_values(values, task_of(values))
    for given in (QUICK, changes):
        values = with_part(RunConfig[task_of(values).config_type], values, given)  # type: ignore[name-defined]
    config = read_config(values)
    first, trained = build_run(config, tmp_path / "x").policy, train_run(config, tmp_path / "x").policy
    assert isinstance(first, GameNetwork) and isinstance(trained, GameNetwork)
    alone, generator = PUCTConfig(simulations=0), np.random.default_rng(0)
    game, both = new_game(config.env.name), (NetworkEvaluator(trained), NetworkEvaluator(first))
    assert play_arena(game, *both, alone, 200, 2, 0, generator).score > 0.58
    if game.name == "tic_tac_toe":  # others know too little of values after so short a training
        assert agreement(trained.eval(), game) > 0.03
