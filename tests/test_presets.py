"""The presets in ``experiments/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stored_runs import logged

from marl.training.field_paths import with_override
from marl.training.run_config import complete_values, load_config, load_values, read_config, save_config, task_of
from marl.training.train import train_run

SHORT: dict[str, Any] = {
    "algorithm.search.simulations": 1,
    "algorithm.arena.every": 1,
    "algorithm.arena.games": 2,
    "algorithm.evaluation_players": ["random"],
    "evaluation_episodes": 2,
    "num_copies": 4,
    "rollout_length": 81,
    "total_env_steps": 1,
}
"""One iteration, in which games come to their ends, none has more than 81 moves; then an arena and an evaluation."""
CLASSIC: dict[str, Any] = {
    "algorithm.self_play.games": 4,
    "algorithm.self_play.random_games": 2,
    "algorithm.epochs": 1,
    "policy.trunk.channels": 8,
    "policy.trunk.hidden": [16],
}
"""Of the classic preset, whose iterations are whole games, and whose network takes seconds."""
PRESETS = sorted((Path(__file__).parents[1] / "experiments/presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_comes_back_from_its_saved_form(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_settings_are_completed_as_the_validator_would(path: Path) -> None:
    values = load_values(path)
    complete = complete_values(values, task_of(values))
    config = load_config(path)
    assert read_config(complete) == config
    assert complete.keys() == config.model_dump().keys()
    for name, part in config.model_dump(mode="json").items():
        if isinstance(part, dict):
            assert complete[name].keys() == part.keys()


@pytest.mark.parametrize("path", [path for path in PRESETS if "alpha_zero" in path.stem], ids=lambda path: path.stem)
def test_every_preset_of_a_game_plays_learns_and_meets_its_best_network(path: Path, tmp_path: Path) -> None:
    values = load_values(path)
    for name, value in {**SHORT, **(CLASSIC if "classic" in path.stem else {})}.items():
        values = dict(with_override(values, name.split("."), value))
    result = train_run(read_config(complete_values(values, task_of(values))), tmp_path / "x")
    assert result.finished and (tmp_path / "x" / "policy" / "policy.safetensors").is_file()
    told = {name: value for row in logged(tmp_path / "x") for name, value in row.items()}
    assert told["episode/length"] > 0 and told["loss/policy"] > 0 and told["loss/value"] > 0
    assert told["arena/accepted"] in (0, 1) and 0 <= told["evaluation/points/random"] <= 1
