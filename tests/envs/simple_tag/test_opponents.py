"""Opponents by name, and training against several of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from each_iteration import EachIteration

import marl
from marl.core.errors import ConfigError
from marl.core.serialisation import load_state
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.known_opponents import check_known, resolved
from marl.envs.simple_tag.making import opponents_of
from marl.envs.simple_tag.opponents import make_opponents
from marl.envs.simple_tag.task import task
from marl.training import loop
from marl.training.monitor import Monitor
from marl.training.progress import Progress
from marl.training.run import build_run
from marl.training.run_config import read_config
from marl.training.train import train_run
from marl.wrappers.rules.mixture import Mixture
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY

SMALL: dict[str, Any] = {
    "policy": {
        "encoder": {"hidden": [8], "transformer": {"heads": 2, "window": 3, "feedforward": 8}},
        "graph": {"heads": 2},
        "critic": {"hidden": [8], "entity_hidden": [8]},
    },
    "total_env_steps": 256,
    "num_copies": 8,
    "rollout_length": 8,
    "evaluation_episodes": 2,
    "threads": 1,
}
PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}


@pytest.fixture(scope="module")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that trained prey with a memory."""
    folder = tmp_path_factory.mktemp("runs") / "prey"
    env = {"name": "simple_tag", "max_cycles": 12, **PREY_LEARN}
    marl.train({"env": env, **SMALL, "total_env_steps": 64}, folder)
    return folder


def test_a_name_is_a_way_to_move_or_the_folder_of_a_run(prey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prey.parent)
    assert resolved("flee", "prey") == "flee"
    assert resolved("prey", "prey") == str(prey)
    assert resolved("nothing", "prey") == "nothing"
    check_known("prey", "prey", "prey")
    with pytest.raises(ValueError, match="training_prey is 'chase'; what there is: random, still, flee"):
        check_known("training_prey", "chase", "prey")
    assert make_opponents("chase", "predators", 4, 1, 2) is PREDATORS["chase"]


def test_training_draws_from_the_list_and_evaluation_does_not(prey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prey.parent)
    config = SimpleTagConfig.model_validate({"prey": "still", "training_prey": ["flee", "prey"]})
    assert config.training_prey == ("flee", str(prey))
    assert opponents_of(config, 4) is PREY["still"]
    mixture = opponents_of(config, 4, training=True)
    assert isinstance(mixture, Mixture)
    assert len(mixture.members) == 2
    assert opponents_of(SimpleTagConfig(prey="still"), 4, training=True) is PREY["still"]
    hunted = SimpleTagConfig.model_validate({**PREY_LEARN, "training_predators": ["chase"]})
    hunters = opponents_of(hunted, 1, training=True)
    assert isinstance(hunters, Mixture)
    assert hunters.members[0].rule is PREDATORS["chase"]  # type: ignore[attr-defined]


def test_a_policy_outlives_those_that_it_met_in_training(tmp_path: Path) -> None:
    env = {"training_prey": ["flee", str(tmp_path / "gone")]}
    config = SimpleTagConfig.model_validate(env)
    task.make(config, 1).reset(0)
    with pytest.raises(ValueError, match=r"training_prey is .*gone'; what there is: random, still, flee"):
        task.make(config, 1, training=True)
    with pytest.raises(ConfigError, match=r"env: training_prey is .*gone'"):
        build_run(read_config({"env": {"name": "simple_tag", **env}, **SMALL}), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_run_against_several_resumes_bit_for_bit(prey: Path, tmp_path: Path) -> None:
    env = {"name": "simple_tag", "max_cycles": 12, "training_prey": ["flee", str(prey), "random"]}
    config = read_config({"env": env, **SMALL})
    train_run(config, tmp_path / "whole")

    def stop(progress: Progress) -> None:
        if progress.env_steps == 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(
            config.model_copy(update={"checkpoint_interval": 64}), tmp_path / "parts", callbacks=[EachIteration(stop)]
        )
    other = build_run(config, tmp_path / "parts", resume=True)
    assert other.env_steps == 128
    opponents = other.source.environment.opponents  # type: ignore[attr-defined]
    assert len(set(opponents.drawn.tolist())) > 1
    # 16 steps of episodes of 12
    assert opponents.members[1].memory.valid[:, 0].sum(1).tolist() == [3] * 8
    loop.train(other, Monitor(other))
    one, two = (load_state(tmp_path / run / "checkpoints" / "000000000256", "state") for run in ("whole", "parts"))
    where = one["source"]["environment"], two["source"]["environment"]
    assert where[0]["position"].equal(where[1]["position"])
    assert where[0]["opponents"]["drawn"].equal(where[1]["opponents"]["drawn"])
    weights = [marl.load(tmp_path / run).state_dict() for run in ("whole", "parts")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
