"""Trainings whose copies are stepped by several processes."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from failing_env import NAME, registered
from stored_runs import last_state

import marl
from marl.core.errors import ConfigError, Note, TrainingError
from marl.tasks.environment_config import environment_config
from marl.training.run_config import load_config


def preset(name: str, **env: Any) -> dict[str, Any]:
    return {
        "env": {"name": name, **env},
        "policy": {"encoder": {"hidden": [8], "temporal": "none"}, "graph": {"kind": "none"}},
        "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1},
        "total_env_steps": 96,
        "num_copies": 3,
        "rollout_length": 16,
        "evaluation_interval": 1000,
        "evaluation_episodes": 1,
        "threads": 1,
    }


@pytest.mark.parametrize(
    ("name", "arguments", "needs"),
    [
        ("gymnasium:CartPole-v1", {}, "gymnasium"),
        ("mpe2.simple_spread_v3", {"max_cycles": 7}, "mpe2"),
        ("butterfly/knights_archers_zombies-v11", {"max_cycles": 7}, "pymunk"),
        ("sisl/pursuit-v5", {"max_cycles": 7, "n_pursuers": 3, "n_evaders": 4}, "pygame"),
        ("classic/leduc_holdem-v4", {}, "rlcard"),
    ],
)
def test_weights_do_not_depend_on_the_number_of_processes(
    name: str, arguments: dict[str, Any], needs: str, tmp_path: Path
) -> None:
    """Nor where a run goes on with another number; its copies begin new episodes then."""
    pytest.importorskip(needs)
    for first, then in ((1, 2), (2, 1)):
        run = tmp_path / str(first)
        marl.train(preset(name, arguments=arguments, processes=first), run)
        with pytest.warns(Note, match=rf"env\.processes {first} -> {then}"):
            marl.train(None, run, resume=True, total_env_steps=192, env__processes=then)
    one, two = last_state(tmp_path / "1"), last_state(tmp_path / "2")
    of_settings = [name for name in one if name == ".policy_digest" or name.endswith("best.content")]
    for state in (one, two):  # files of policies have the settings, too
        state |= dict.fromkeys(of_settings)
    assert one.keys() == two.keys()
    assert all(str(one[name]) == str(two[name]) for name in one if not torch.is_tensor(one[name]))
    assert all(one[name].equal(two[name]) for name in one if torch.is_tensor(one[name]))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(("was", "now"), [("sync", 1), ("async", "auto")])
def test_a_run_of_an_earlier_version_is_read_and_goes_on(was: str, now: Any, tmp_path: Path) -> None:
    """It names ``env.vectorization``; so does what its policy knows of the environment."""
    run = tmp_path / "x"
    marl.train(preset("gymnasium:CartPole-v1"), run)
    settings = yaml.safe_load((run / "config.yaml").read_text())
    del settings["env"]["processes"]
    settings["env"]["vectorization"] = was
    (run / "config.yaml").write_text(yaml.safe_dump(settings))
    assert environment_config(settings["env"], {})[1] == load_config(run / "config.yaml").env
    assert marl.train(None, run, resume=True, total_env_steps=192).env_steps == 192
    assert marl.evaluate(run, episodes=1)["episodes"] == 1
    assert yaml.safe_load((run / "config.yaml").read_text())["env"]["processes"] == now


def test_a_process_that_dies_ends_training_with_the_last_good_checkpoint(tmp_path: Path) -> None:
    """The second of two copies dies in its 20th step: the fourth of the second rollout."""
    settings = preset(NAME, arguments={"how": "kill", "last": 20}, processes=2)
    settings |= {"num_copies": 2, "checkpoint_interval": 32}
    good = tmp_path / "x" / "checkpoints" / "000000000032"
    with registered(), pytest.raises(TrainingError) as caught:
        marl.train(settings, tmp_path / "x")
    told = f"at env step 32, the environment {NAME}, copy 1: its process was ended by SIGKILL"
    assert str(caught.value) == f"{told}; the last good checkpoint is {good}"
    assert not multiprocessing.active_children()


def test_an_environment_that_cannot_be_pickled_is_refused(tmp_path: Path) -> None:
    told = r"^env: processes is 2, but habits:Paid-v0 cannot be sent to another process .*; set processes to 1"
    with pytest.raises(ConfigError, match=told):
        marl.train(preset("habits:Paid-v0", arguments={"pay": threading.Lock()}, processes=2), tmp_path / "x")


@pytest.mark.parametrize(
    ("given", "bound"), [(0, "than or equal to 1"), (1025, "than or equal to 1024"), ("many", "a valid integer")]
)
def test_other_numbers_of_processes_are_refused(given: Any, bound: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"env\.processes is {given!r}: input should be 'auto', or .*{bound}"):
        marl.train(preset("gymnasium:CartPole-v1", processes=given), tmp_path / "x")
