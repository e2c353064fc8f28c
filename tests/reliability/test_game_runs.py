"""Runs that learn a game with compiled rules, and games of PettingZoo, by self-play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stored_runs import assert_equal_bit_for_bit, logged, stop_after

from marl.training.run_config import read_config
from marl.training.train import train_run

SETTINGS: dict[str, Any] = {
    "env": {"name": "tic_tac_toe"},
    "policy": {"kind": "game", "trunk": {"kind": "conv", "channels": 4, "blocks": 1, "hidden": [8]}},
    "algorithm": {
        "name": "alpha_zero",
        "search": {"kind": "puct", "simulations": 4},
        "self_play": {"groups": 2, "temperature_moves": 4, "random_games": 2, "archive_share": 0.25},
        "arena": {"every": 2, "games": 4},
        "batch_size": 32,
    },
    "num_copies": 8,
    "rollout_length": 4,
    "total_env_steps": 128,
    "log_interval": 32,
    "checkpoint_interval": 64,
    "evaluation_interval": 128,
    "threads": 1,
}
"""Four iterations of 32 moves, with games under way at their ends."""


@pytest.mark.parametrize(
    ("search", "simulations"),
    [({"kind": "puct", "simulations": 4}, [4] * 4), ({"kind": "gumbel", "simulations": [2, 6]}, [2, 3, 4, 5])],
    ids=["puct", "gumbel"],
)
def test_a_run_of_compiled_games_in_two_halves_is_one(search: Any, simulations: list[int], tmp_path: Path) -> None:
    config = read_config({**SETTINGS, "algorithm": {**SETTINGS["algorithm"], "search": search}})
    assert train_run(config, tmp_path / "whole").finished
    assert not train_run(config, tmp_path / "halves", callbacks=stop_after(2)).finished
    assert train_run(config, tmp_path / "halves", resume=True).finished
    assert_equal_bit_for_bit(tmp_path / "halves", tmp_path / "whole")
    rows = logged(tmp_path / "halves")
    assert rows == logged(tmp_path / "whole")
    assert [row["search/simulations"] for row in rows if "search/simulations" in row] == simulations
    for name in ("policy/policy.safetensors", *(f"history/{number:08d}.safetensors" for number in (1, 2, 3, 4))):
        assert (tmp_path / "halves" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
