"""Runs that learn a game by self-play: they stop, go on and end like any other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from small_games import offer_games, small_games
from stored_runs import assert_same_run, logged, stop_after

import marl.algorithms.alpha_zero
import marl.training.parts
from marl.core.errors import ConfigError, FileError, Note, TrainingError
from marl.core.serialisation import load_state
from marl.policies.saved import load_policy
from marl.training.checkpoints import Checkpoints
from marl.training.run import build_run
from marl.training.run_config import load_config, read_config, save_config
from marl.training.self_play import SelfPlay
from marl.training.train import train_run

__all__ = ["small_games"]

STONES: dict[str, Any] = {
    "env": {"name": "stones"},
    "policy": {"kind": "game", "trunk": {"kind": "mlp", "hidden": [8]}},
    "algorithm": {
        "name": "alpha_zero",
        "search": {"kind": "puct", "simulations": 1, "solver": False},
        "self_play": {"groups": 2, "temperature_moves": 2, "random_moves": 1},
        "arena": {"every": 2, "games": 8, "random_moves": 2, "on_rejection": "restore"},
        "learning_rate": [0.03, 0.01],
        "batch_size": 16,
        "window": 2,
        "evaluation_players": ["random"],
    },
    "seed": 7,
    "num_copies": 6,
    "rollout_length": 2,
    "total_env_steps": 72,
    "log_interval": 12,
    "checkpoint_interval": 24,
    "evaluation_interval": 48,
    "evaluation_episodes": 4,
    "threads": 1,
}
"""Six iterations of 12 moves; a checkpoint and an arena after each second, an evaluation after the fourth."""


def config_of(**algorithm: Any) -> Any:
    values = deepcopy(STONES)
    values["algorithm"] |= algorithm
    return read_config(values)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        offer_games(patch)
        assert train_run(config_of(), folder).finished
    return folder


def test_what_a_run_leaves(whole: Path, small_games: None) -> None:
    """A window of two iterations, and two checkpoints of the fourth and the sixth: shards 3 to 6, and, of the
    checkpoint before both, 1 and 2."""
    latest = Checkpoints(whole / "checkpoints").latest
    assert latest is not None and latest.name == f"{72:012d}"
    learner = load_state(latest, "state")["learner"]
    assert learner["iteration"] == 6 and list(learner["history"]["shards"]) == ["00000005", "00000006"]
    assert sorted(int(path.stem) for path in (whole / "history").iterdir()) == [1, 2, 3, 4, 5, 6]
    saved = load_policy(whole)
    best = learner["best"]
    assert all(tensor.equal(best[name]) for name, tensor in saved.policy.state_dict().items())
    assert saved.environment["name"] == "stones"
    assert saved.policy.config.search.simulations == 1
    rows = logged(whole)
    assert [row["env_steps"] for row in rows if "loss/policy" in row] == [12, 24, 36, 48, 60, 72]
    arenas = [(row["env_steps"], row["arena/accepted"]) for row in rows if "arena/score" in row]
    # of 24, 48 and 72, and in between once more; so that a killed run must bring back a best one of its own
    assert arenas == [(24, 1), (36, 1), (48, 0), (60, 0), (72, 0)]
    played = [row["evaluation/points/random"] for row in rows if "evaluation/points/random" in row]
    assert len(played) == 2 and set(played) <= {0, 0.25, 0.5, 0.75, 1}
    for name in ("search/entropy", "search/kl", "search/proven", "points/player_0", "episode/length", "arena/elo"):
        assert any(name in row for row in rows), name
    assert load_config(whole / "config.yaml") == config_of()


def test_a_run_in_two_halves_is_one(whole: Path, tmp_path: Path, small_games: None) -> None:
    for resume in (False, True, True):
        result = train_run(config_of(), tmp_path / "x", resume, stop_after(3 if resume else 1))
    assert result.finished
    assert_same_run(tmp_path / "x", whole)


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


@pytest.mark.parametrize(("change", "told"), [(Path.unlink, "is missing"), (damage, "is not as the checkpoint names")])
def test_a_run_goes_on_from_the_last_checkpoint_whose_shards_are_whole(
    change: Callable[[Path], None], told: str, whole: Path, tmp_path: Path, small_games: None
) -> None:
    """The last checkpoint needs the shards 5 and 6, the one before 3 and 4."""
    shutil.copytree(whole, tmp_path / "x")
    shard, other = (tmp_path / "x" / "history" / f"0000000{number}.safetensors" for number in (6, 4))
    change(shard)
    with pytest.warns(Note, match=f"{shard} {told}.*the run goes on from {48:012d}"):
        assert train_run(config_of(), tmp_path / "x", resume=True).finished
    shutil.rmtree(tmp_path / "x" / "checkpoints" / f"damaged-{72:012d}")
    assert_same_run(tmp_path / "x", whole)
    change(shard)
    change(other)
    with pytest.raises(FileError, match=f"x has no whole checkpoint to go on from; {shard} {told}.*; {other} {told}"):
        train_run(config_of(), tmp_path / "x", resume=True)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_network_that_is_not_finite_ends_the_run_with_the_last_good_checkpoint(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_games: None
) -> None:
    """It is met in self-play, or in the arena that follows; before the fourth iteration there is a checkpoint."""
    learn, done = marl.algorithms.alpha_zero.AlphaZero._learn, 0

    def damaged(self: Any, steps: int, rate: float) -> dict[str, float]:
        nonlocal done
        metrics = learn(self, steps, rate)
        if done == at:
            self.policy.value_head.bias.data[0] = torch.nan
        done += 1
        return metrics

    monkeypatch.setattr(marl.algorithms.alpha_zero.AlphaZero, "_learn", damaged)
    arena = None if at == 0 else STONES["algorithm"]["arena"]
    good = f"the last good checkpoint is {tmp_path}/x/checkpoints/{24:012d}" if at == 3 else "no checkpoint was written"
    with pytest.raises(TrainingError, match=f"the network's output is not finite; {good}"):
        train_run(config_of(arena=arena), tmp_path / "x")


def test_without_an_arena_the_newest_network_is_written(tmp_path: Path, small_games: None) -> None:
    config = config_of(arena=None).model_copy(update={"total_env_steps": 24})
    result = train_run(config, tmp_path / "x")
    stored = load_state(tmp_path / "x" / "checkpoints" / f"{24:012d}", "weights")["weights"]
    policy = load_policy(tmp_path / "x").policy
    assert all(tensor.equal(stored[name]) for name, tensor in policy.state_dict().items())
    assert result.policy.config.game.name == "stones"


def test_the_best_network_plays_and_is_written_until_another_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_games: None
) -> None:
    """In two iterations before the first arena that is the one of the beginning, while another learns."""
    first: list[dict[str, torch.Tensor]] = []
    original = SelfPlay.collect

    def noted(self: SelfPlay, policy: Any, share_done: float) -> Any:
        first.append({name: tensor.clone() for name, tensor in policy.state_dict().items()})
        return original(self, policy, share_done)

    monkeypatch.setattr(SelfPlay, "collect", noted)
    config = config_of(arena={"every": 5, "games": 2}).model_copy(update={"total_env_steps": 24})
    train_run(config, tmp_path / "x")
    stored = load_state(tmp_path / "x" / "checkpoints" / f"{24:012d}", "weights")["weights"]
    assert len(first) == 2
    for name, tensor in load_policy(tmp_path / "x").policy.state_dict().items():
        assert tensor.equal(first[0][name]) and tensor.equal(first[1][name])
    assert not all(tensor.equal(stored[name]) for name, tensor in first[0].items())


def test_a_run_may_begin_with_another_ones_history_and_policy(whole: Path, tmp_path: Path, small_games: None) -> None:
    config = config_of(initial_history=str(whole)).model_copy(update={"initial_policy": whole})
    run = build_run(config, tmp_path / "x")
    assert sorted(run.learner.history.parts) == [5, 6]  # type: ignore[attr-defined]
    stored = load_policy(whole).policy.state_dict()
    for network in (run.policy, run.player):
        assert all(tensor.equal(stored[name]) for name, tensor in network.state_dict().items())
    with pytest.raises(FileError, match=f"initial_history is {tmp_path}, where no checkpoint has a history; name"):
        build_run(config_of(initial_history=str(tmp_path)), tmp_path / "y")
    cells = {**STONES, "env": {"name": "cells"}, "algorithm": {"name": "alpha_zero", "initial_history": str(whole)}}
    with pytest.raises(ConfigError, match="positions have 6 numbers, 2 actions and 2 players; cells has 12, 6 and 2"):
        build_run(read_config(cells), tmp_path / "y")
    shutil.copytree(whole, tmp_path / "other")
    settings = tmp_path / "other" / "config.yaml"
    settings.write_text(settings.read_text().replace("name: stones", "name: cells"))
    with pytest.raises(ConfigError, match=f"initial_history is {tmp_path}/other, a run of cells; name one of stones"):
        build_run(config_of(initial_history=str(tmp_path / "other")), tmp_path / "y")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"env": {"name": "meeting"}}, "env.name is 'meeting', which is no turn-based game; name one of marl list"),
        ({"env": {"name": "CartPole-v1"}}, "env.name is 'CartPole-v1', which is no turn-based game"),
        ({"policy": {"kind": "actor_critic"}}, "policy.kind is 'actor_critic', but algorithm.name is 'alpha_zero'"),
        ({"policy": {"trunk": {"kind": "parts"}}}, "stones has no parts; take a trunk of kind mlp or conv"),
        ({"policy": {"trunk": {"kind": "conv"}}}, r"conv reads boards of planes; an observation has the shape \(6,\)"),
        ({"search": {"kind": "puct", "simulations": -3}}, r"^algorithm\.search\.simulations is -3: input should be"),
        ({"search": {"kind": "puct", "simulations": 0}}, "simulations is 0; a network learns from a search, so give"),
        ({"search": {"kind": "gumbel", "simulations": [0, 8]}}, "simulations is 0; a network learns from a search"),
        ({"search": {"kind": "gumbel", "simulations": [8, 0]}}, "simulations is 0; a network learns from a search"),
        (
            {"self_play": {"random_moves": 5}},
            r"^algorithm\.self_play\.random_moves is 5: stones is over after 5 random",
        ),
        ({"arena": {"random_moves": 5}}, r"^algorithm\.arena\.random_moves is 5: stones is over after 5 random moves"),
        ({"evaluation_players": ["human"]}, "evaluation_players names human; name players that play by themselves"),
        ({"evaluation_players": ["rules"]}, "player 'rules' knows the rules of thumb of tic_tac_toe only"),
        ({"sides": {"player": {"classes": ["player"]}}}, "one network plays all seats of a game; leave sides out"),
        ({"name": "ppo"}, "policy.kind is 'game', but algorithm.name is 'ppo', which trains actor_critic"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: Any, error: str, tmp_path: Path, small_games: None) -> None:
    values = deepcopy(STONES)
    if changes.get("name") == "ppo":
        values["algorithm"] = changes
    elif changes.keys() & {"env", "policy", "sides"}:
        values |= changes
    else:
        values["algorithm"] |= changes
    with pytest.raises(ConfigError, match=error):
        build_run(read_config(values), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_side_cannot_learn_by_self_play(preset: dict[str, Any]) -> None:
    sides = {"first": {"classes": ["A"], "algorithm": {"name": "alpha_zero"}}, "second": {"classes": ["B"]}}
    with pytest.raises(ConfigError, match="one network plays all seats of a game; leave sides out"):
        read_config({**preset, "sides": sides})


def test_its_settings_are_the_usual_ones_where_nothing_is_said(small_games: None, tmp_path: Path) -> None:
    config = read_config({"env": {"name": "stones"}, "algorithm": {"name": "alpha_zero"}})
    assert (config.policy.kind, config.num_copies, config.threads) == ("game", 128, 1)
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


def test_that_numba_is_absent_is_said(small_games: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marl.training.parts, "find_spec", {"numba": None}.get)
    with pytest.warns(Note, match=r"Numba is not installed, so games are searched in Python.*marl-teams\[fast\]"):
        build_run(config_of(), tmp_path / "run")
