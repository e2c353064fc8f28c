"""simple_tag where both sides are agents: against mpe2 and each side alone, and in training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mpe2 import simple_tag_v3
from scattered import scatter
from stored_runs import assert_equal_bit_for_bit, stop_after
from torch.testing import assert_close

import marl
from marl.core.errors import ConfigError
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.making import views_of
from marl.envs.simple_tag.task import task
from marl.policies.sides import Sides
from marl.training.run import build_run
from marl.training.run_config import read_config
from marl.training.train import train_run
from marl.wrappers.mpe2_world import read_world, simple_tag_of
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.prey import PREY

EXACT = {"rtol": 0.0, "atol": 1e-9}
CLASSES = {"P": ("landmarks", "predators"), "A": ("landmarks",), "B": ("prey", "teammates")}
SIDES = {"hunters": ("A", "B"), "prey": ("P",)}
ALONE: dict[str, dict[str, Any]] = {
    "predators": {"classes": {"A": CLASSES["A"], "B": CLASSES["B"]}, "team": {"A": 2, "B": 1}, "num_prey": 2},
    "prey": {"classes": {"P": CLASSES["P"]}, "team": {"P": 2}, "side": "prey", "num_predators": 3},
}


def settings(**more: Any) -> dict[str, Any]:
    whole = {"classes": CLASSES, "team": {"A": 2, "B": 1, "P": 2}, "sides": SIDES, "communication": {"range": 0.5}}
    return {**whole, "name": "simple_tag", **more}


def make(num_copies: int = 1, training: bool = False, **more: Any) -> Any:
    return task.make(SimpleTagConfig.model_validate(settings(**more)), num_copies, training)


def random_action(tag: Any, generator: torch.Generator) -> dict[str, torch.Tensor]:
    sizes = {name: agents.stop - agents.start for name, agents in tag.roster.slices.items()}
    return {name: torch.randint(5, (tag.num_copies, size), generator=generator) for name, size in sizes.items()}


def test_predators_come_first_each_side_with_its_classes() -> None:
    tag = make()
    assert tag.roster.team == {"A": 2, "B": 1, "P": 2}
    # own state, two obstacles or two prey and two teammates, classes of the side; own state, obstacles, predators
    assert [c.feature_size for c in tag.roster.classes] == [4 + 4 + 2, 4 + 8 + 8 + 2, 4 + 4 + 12 + 1]
    assert list(task.spaces(SimpleTagConfig.model_validate(settings()))) == [
        *(f"adversary_{i}" for i in range(3)),
        *("agent_0", "agent_1"),
    ]
    assert {name: each.index.shape[-1] for name, each in tag.symmetries.features.items()} == {"A": 10, "B": 22, "P": 21}
    assert tag.symmetries.entities.index.shape[-1] == tag.roster.entity_size == 4 + 3 + 2
    with pytest.raises(
        ConfigError, match=r"both sides are agents; name who plays one in sides, e\.g\. sides\.prey\.fixed"
    ):
        task.sides(SimpleTagConfig.model_validate(settings()))


@pytest.mark.parametrize("continuous", [False, True], ids=["discrete", "continuous"])
def test_each_reward_equals_mpe2s(continuous: bool) -> None:
    env = simple_tag_v3.parallel_env(
        num_good=2, num_adversaries=3, num_obstacles=2, max_cycles=2000, continuous_actions=continuous
    )
    env.reset(seed=1)
    config = SimpleTagConfig.model_validate(settings(continuous_actions=continuous))
    hunting, hunted = views_of(config, config.team).values()
    options = {"continuous_actions": continuous, "max_cycles": 2000, "dtype": torch.float64}
    tag = SimpleTag(1, hunting, MessageGraph(0.5), hunted, **options)  # type: ignore[arg-type]
    rng, contacts, outside = np.random.default_rng(3), 0.0, 0
    for time in range(200):
        if time % 10 == 0:
            scatter(env, rng, width=0.1 if time % 20 else 1.3)
        before = read_world(env)
        tag.set_world(before.position, before.velocity)
        # -1 and 1 stand for mpe2's 0 and 1
        action = 2 * rng.random((5, 5), np.float32) ** 3 - 1 if continuous else rng.integers(5, size=5)
        played = dict(zip(env.agents, (action + 1) / 2 if continuous else action, strict=True))
        _, reward, *_ = env.step(played)
        whole = torch.from_numpy(action)[None]
        step = tag.step({"A": whole[:, :2], "B": whole[:, 2:3], "P": whole[:, 3:]})
        assert_close(tag.world.position, read_world(env).position, **EXACT)
        assert_close(tag.world.velocity, read_world(env).velocity, **EXACT)
        expected = torch.tensor(list(reward.values()), dtype=torch.float64)
        assert_close(step.reward[0], expected, **EXACT)
        raw = simple_tag_of(env)
        touching = [
            sum(raw.scenario.is_collision(one, prey) for prey in raw.world.agents[3:]) for one in raw.world.agents
        ]
        assert step.info["contacts"][0, :3].tolist() == touching[:3]
        contacts += sum(touching[:3])
        outside += int(((expected[3:] < 0) & (expected[3:] % 10 != 0)).sum())
    assert contacts > 10 and outside > 10


@pytest.mark.parametrize("side", ["predators", "prey"])
def test_each_side_observes_as_if_it_were_alone(side: str) -> None:
    both, alone = make(6), task.make(SimpleTagConfig.model_validate({**settings(sides=None), **ALONE[side]}), 6)
    both.reset(4)
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        step = both.step(random_action(both, generator))
        seen, expected = step.next_observation, alone.set_world(both.world.position, both.world.velocity)
        agents = slice(0, 3) if side == "predators" else slice(3, 5)
        for name, features in expected.features.items():
            assert features.equal(seen.features[name])
        assert expected.adjacency.equal(seen.adjacency[:, agents, agents])
        assert expected.kinematics.equal(seen.kinematics[:, agents])
        assert expected.auxiliary_target.equal(seen.auxiliary_target[:, agents])
    assert not seen.adjacency[:, :3, 3:].any() and not seen.adjacency[:, 3:, :3].any()


def test_teams_of_both_sides_are_drawn_and_the_absent_are_not_there() -> None:
    tag = make(
        400, True, training_teams={"A": (1, 2), "P": (1, 2)}, classes={**CLASSES, "B": ("prey:1",), "P": ("landmarks",)}
    )
    alive = tag.reset(1).alive
    counts = torch.stack([alive[:, :2].sum(1), alive[:, 2:].sum(1)], 1)
    assert {tuple(row) for row in counts.tolist()} == {(1, 1), (1, 2), (2, 1), (2, 2)}
    step = tag.step(random_action(tag, torch.Generator()))
    assert step.terminated.equal(~alive)
    assert not step.reward[~alive].any()
    tag.load_state(tag.state())
    assert tag.observe().alive.equal(alive)


def test_rules_play_their_side_and_others_beside_them_at_random() -> None:
    tag = make(50)
    observation = tag.reset(2)
    assert set(tag.scripted()) == {"chase", "still", "flee"}
    action = tag.scripted()["flee"](observation, torch.Generator())
    assert action["P"].equal(PREY["flee"](tag.world, torch.Generator()))
    assert set(action["A"].unique().tolist()) == set(range(5))
    still = tag.scripted()["still"](observation, torch.Generator())
    assert not any(chosen.any() for chosen in still.values())


TRAINED: dict[str, Any] = {
    "env": settings(
        sides=None, max_cycles=12, classes={"A": ["landmarks"], "B": ["prey:2", "teammates:2"], "P": ["predators:3"]}
    ),
    "sides": {
        "predators": {"classes": ["A", "B"]},
        "prey": {
            "classes": ["P"],
            "algorithm": {"name": "a2c", "entropy_coef": 0.0},
            "policy": {"graph": {"kind": "none"}},
        },
    },
    "policy": {
        "encoder": {"hidden": [8], "transformer": {"heads": 2, "window": 2, "feedforward": 8}},
        "graph": {"heads": 2},
    },
    "algorithm": {"name": "ppo", "auxiliary_coef": 0.5, "epochs": 1},
    "total_env_steps": 128,
    "num_copies": 16,
    "rollout_length": 4,
    "evaluation_interval": 128,
    "evaluation_episodes": 2,
    "threads": 1,
}


def test_both_sides_learn_in_one_run_and_go_on_bit_for_bit(tmp_path: Path) -> None:
    config = read_config(TRAINED)
    drawn = build_run(config, tmp_path / "drawn").policy
    trained = train_run(config, tmp_path / "whole").policy
    assert isinstance(drawn, Sides) and isinstance(trained, Sides)
    for side in ("predators", "prey"):
        before, after = drawn.policies[side], trained.policies[side]
        for part in ("trunk", "actors", "critic"):
            pairs = zip(getattr(before, part).parameters(), getattr(after, part).parameters(), strict=True)
            assert any(not one.equal(other) for one, other in pairs), f"{part} of {side} learns nothing"
    assert train_run(config, tmp_path / "parts", callbacks=stop_after(1)).env_steps == 64
    assert train_run(config, tmp_path / "parts", resume=True).finished
    assert_equal_bit_for_bit(tmp_path / "parts", tmp_path / "whole")

    told = marl.evaluate(tmp_path / "whole", 3)
    assert {"return_per_predators", "return_per_prey", "return_per_P"} <= told.keys()
    assert marl.evaluate(tmp_path / "whole", 3, team="A=1,B=1,P=3", play={"prey": "random"})["team"]["P"] == 3
    against = SimpleTagConfig.model_validate({**ALONE["predators"], "prey": str(tmp_path / "whole")})
    alone = task.make(against, 2)
    alone.reset(0)
    assert list(alone.opponents.views.classes) == ["P"]
    assert not alone.step(random_action(alone, torch.Generator())).terminated.any()
    with pytest.raises(ConfigError, match="or both sides at once"):
        marl.generalise([tmp_path / "whole"], "1+1+1", tmp_path / "report")


def test_a_rule_plays_a_side_in_training_and_in_evaluations(tmp_path: Path) -> None:
    """The last of a pool plays in evaluations; it draws nothing, so others act as they do where it is named."""
    hunted = {"classes": ["P"], "fixed": ["random", "flee"]}
    marl.train({**TRAINED, "sides": {**TRAINED["sides"], "prey": hunted}, "total_env_steps": 64}, tmp_path / "x")
    own = marl.evaluate(tmp_path / "x", 4)
    assert marl.evaluate(tmp_path / "x", 4, play={"prey": "flee"}) == {**own, "play": {"prey": "flee"}}
    still = marl.evaluate(tmp_path / "x", 4, play={"P": "still", "predators": "random"})
    assert still["return_per_prey"] != own["return_per_prey"]
    with pytest.raises(ConfigError, match="flee is a rule of prey, and plays nobody of A"):
        marl.evaluate(tmp_path / "x", 4, play={"A": "flee"})
    fly = {**TRAINED["sides"], "prey": {**hunted, "fixed": "fly"}}
    with pytest.raises(ConfigError, match=r"sides\.prey\.fixed is 'fly': .*; rules are random, chase, still, flee"):
        build_run(read_config({**TRAINED, "sides": fly}), tmp_path / "y")


def test_a_run_of_one_side_alone_plays_it(saved: dict[str, Path], tmp_path: Path) -> None:
    """It plays on in the file, where its critic has the entities that it was trained with."""
    env = {**TRAINED["env"], "classes": CLASSES}
    alone = {"predators": {"classes": ["A", "B"]}, "prey": {"classes": ["P"], "fixed": str(saved["lone"])}}
    policy = marl.train({**TRAINED, "env": env, "sides": alone, "total_env_steps": 64}, tmp_path / "x").policy
    assert isinstance(policy, Sides)
    weights = policy.policies["prey"].state_dict()
    assert all(tensor.equal(weights[name]) for name, tensor in marl.load(saved["lone"]).state_dict().items())
    own = marl.evaluate(tmp_path / "x", 3, deterministic=True)
    named = marl.evaluate(tmp_path / "x", 3, deterministic=True, play={"prey": str(saved["lone"])})
    assert named == {**own, "play": named["play"]}
