"""Runs that learn a game with compiled rules, and games of PettingZoo, by self-play."""

from __future__ import annotations

import itertools
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from killed_runs import kill_runs
from stored_runs import assert_same_run, logged, stop_after

from marl.core.errors import TrainingError
from marl.training.checkpoints import Checkpoints
from marl.training.run_config import read_config
from marl.training.self_play import SelfPlay
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
    assert_same_run(tmp_path / "halves", tmp_path / "whole")
    rows = logged(tmp_path / "halves")
    assert [row["search/simulations"] for row in rows if "search/simulations" in row] == simulations
    assert len(list((tmp_path / "whole" / "history").iterdir())) == 4


KILLED: dict[str, Any] = {
    **SETTINGS,
    "algorithm": {
        **SETTINGS["algorithm"],
        "search": {"kind": "gumbel", "simulations": [2, 6]},
        "arena": {"every": 3, "games": 4, "threshold": 0.01},
        "window": 2,
    },
    "total_env_steps": 256,
    "checkpoint_interval": 128,
    "evaluation_interval": 256,
}
"""Eight iterations; an arena after each third, which almost any network passes, and a checkpoint after each fourth."""
CALLS = {"self_play": 36, "learning": 25, "arena": 20, "shard": 4, "checkpoint": 2}
"""Each comes after the first checkpoint and before the second."""


def test_runs_that_are_killed_end_like_one_left_alone(tmp_path: Path) -> None:
    config, whole = read_config(KILLED), tmp_path / "whole"
    assert train_run(config, whole).finished
    # so the network that is the best at the first checkpoint is neither the first of all nor the one that learns
    assert next(row["arena/accepted"] for row in logged(whole) if "arena/accepted" in row) == 1
    kill_runs(KILLED, CALLS, tmp_path)
    for place in CALLS:
        run = tmp_path / place
        latest, half = Checkpoints(run / "checkpoints").latest, list((run / "history").glob(".*"))
        assert latest is not None and latest.name == f"{128:012d}", place
        assert len(half) == (place == "shard")
        assert train_run(config, run, resume=True).finished
        assert_same_run(run, whole)


def test_a_run_in_processes_ends_like_one_without_also_after_one_of_them_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process is killed in the fourth iteration, and the run goes on from the checkpoint after the second."""
    one = read_config(SETTINGS)
    games = {**SETTINGS["algorithm"]["self_play"], "processes": 2}
    two = read_config({**SETTINGS, "algorithm": {**SETTINGS["algorithm"], "self_play": games}})
    assert train_run(one, tmp_path / "whole").finished
    collect, played = SelfPlay.collect, itertools.count(1)

    def killed(self: SelfPlay, *given: Any) -> Any:
        if next(played) == 4:
            multiprocessing.active_children()[0].kill()
        return collect(self, *given)

    monkeypatch.setattr(SelfPlay, "collect", killed)
    good = tmp_path / "halves" / "checkpoints" / f"{64:012d}"
    told = rf"^at env step 96, self-play, group \d: its process was ended by SIGKILL; the last good .* is {good}$"
    with pytest.raises(TrainingError, match=told):
        train_run(two, tmp_path / "halves")
    assert not multiprocessing.active_children()
    assert train_run(two, tmp_path / "halves", resume=True).finished
    assert_same_run(tmp_path / "halves", tmp_path / "whole")
    assert not multiprocessing.active_children()


def test_a_game_of_pettingzoo_is_learnt_through_copies_of_its_environment(tmp_path: Path) -> None:
    """Two iterations of 40 moves, the second after a resume."""
    pytest.importorskip("pettingzoo.classic.connect_four_v3", reason="needs pettingzoo[classic]")
    values = {**SETTINGS, "env": {"name": "classic/connect_four-v3"}, "policy": {"kind": "game"}}
    few = {"search": {"kind": "puct", "simulations": 1}, "arena": {"every": 2, "games": 2}}
    length = {"num_copies": 2, "rollout_length": 20, "total_env_steps": 80, "checkpoint_interval": 40}
    config = read_config({**values, "algorithm": {**SETTINGS["algorithm"], **few}, **length})
    assert train_run(config, tmp_path / "whole").finished
    assert not train_run(config, tmp_path / "halves", callbacks=stop_after(1)).finished
    assert train_run(config, tmp_path / "halves", resume=True).finished
    assert_same_run(tmp_path / "halves", tmp_path / "whole")
    last = [row for row in logged(tmp_path / "whole") if "loss/policy" in row][-1]
    assert last["env_steps"] == 80 and last["loss/policy"] > 0 and last["arena/accepted"] in (0, 1)
