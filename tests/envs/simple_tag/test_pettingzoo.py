"""simple_tag through mpe2: the same task as the batched simulator, without draws in training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.testing import assert_close

from marl.core.roster import ActionSpec, Plane
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.task import task
from marl.tasks.pettingzoo.environment import PettingZooEnvironment


def make(num_copies: int = 2, training: bool = False, **settings: Any) -> Any:
    return task.make(SimpleTagConfig.model_validate(settings), num_copies, training)


TASKS: dict[str, dict[str, Any]] = {
    "default": {},
    "continuous": {"continuous_actions": True, "num_prey": 2},
    "unseen velocities": {"velocities": False, "classes": {"A": ["landmarks", "teammates"], "B": ["prey:1@0.9"]}},
    "silent": {"communication": None, "frame": "absolute", "num_obstacles": 0},
    "many": {
        "team": {"C": 2, "A": 1, "D": 1},
        "classes": {
            "A": ["landmarks"],
            "B": ["prey"],
            "C": ["teammates", "prey"],
            "D": ["prey", "landmarks", "teammates"],
        },
        "communication": {"range": 0.9, "nearest": 2},
        "num_prey": 3,
        "num_obstacles": 4,
        "prey": "flee",
    },
}


@pytest.fixture(params=TASKS)
def backends(request: pytest.FixtureRequest) -> tuple[SimpleTag, PettingZooEnvironment]:
    batched, wrapped = (make(backend=backend, **TASKS[request.param]) for backend in ("batched", "pettingzoo"))
    assert isinstance(batched, SimpleTag)
    assert isinstance(wrapped, PettingZooEnvironment)
    return batched, wrapped


def test_backends_give_the_same_roster(backends: tuple[SimpleTag, PettingZooEnvironment]) -> None:
    batched, wrapped = backends
    assert batched.roster == wrapped.roster
    assert batched.roster.plane == Plane(position=2, kinematics=4)
    assert batched.roster.classes[0].action == ActionSpec("continuous" if batched.continuous_actions else "discrete", 5)
    one, other = batched.reset(0), wrapped.reset(0)
    for agent_class in batched.roster.present:
        name, width = agent_class.name, agent_class.feature_size
        shape = (2, batched.roster.team[name], width)
        assert one.features[name].shape == other.features[name].shape == shape
    # without messages the wrappers give no kinematics, which only messages carry
    carried = () if batched.graph is None else ("kinematics",)
    for name in ("alive", "adjacency", "entities", "entity_mask", "auxiliary_target", *carried):
        here, there = getattr(one, name), getattr(other, name)
        assert (here is None) == (there is None), name
        assert here is None or (here.shape, here.dtype) == (there.shape, there.dtype), name
    assert one.entities.shape[-1] == batched.roster.entity_size
    assert one.auxiliary_target.shape[-1] == batched.roster.auxiliary_size
    assert (batched.events, batched.per_step) == (wrapped.events, wrapped.per_step)
    assert set(batched.scripted()) == set(wrapped.scripted())


def test_backends_observe_the_same_from_equal_states(backends: tuple[SimpleTag, PettingZooEnvironment]) -> None:
    batched, wrapped = backends
    batched.reset(1)
    observation, generator = wrapped.reset(1), torch.Generator().manual_seed(0)
    links = 0
    for _ in range(8):
        copies = wrapped.state()["copies"].values()
        seen = batched.set_world(*(torch.stack([copy[name] for copy in copies]) for name in ("position", "velocity")))
        for name, features in seen.features.items():
            assert_close(observation.features[name], features, rtol=1e-5, atol=1e-6)
        for name in ("entities", "auxiliary_target", *(() if batched.graph is None else ("kinematics",))):
            assert_close(getattr(observation, name), getattr(seen, name), rtol=1e-5, atol=1e-6)
        assert observation.entity_mask.equal(seen.entity_mask)
        if seen.adjacency is not None:
            assert observation.adjacency.equal(seen.adjacency)
            links += int(seen.adjacency.sum())
        assert [disc[3] for disc in batched.scene(1).discs] == [disc[3] for disc in wrapped.scene(1).discs]
        assert batched.scene(1).links == wrapped.scene(1).links
        action = wrapped.scripted()["chase"](observation, generator)
        assert all(part.equal(action[name]) for name, part in batched.scripted()["chase"](seen, generator).items())
        observation = wrapped.step(action).observation
    assert links > 0 or batched.graph is None


def test_pettingzoo_has_one_kind_of_prey() -> None:
    config = SimpleTagConfig(backend="pettingzoo", training_prey=("flee", "random"))
    task.make(config, 1).close()
    with pytest.raises(ValueError, match=r"training_prey is \('flee', 'random'\) and backend 'pettingzoo'"):
        task.make(config, 1, training=True)


@pytest.mark.parametrize("name", ["training_teams", "curriculum"])
def test_what_is_drawn_in_training_does_not_keep_a_team_from_playing_in_mpe2(name: str) -> None:
    stages = {"stages": [{"until": 1.0, "prey_speed": 0.5}, {}]}
    drawn = {"training_teams": [{"A": 1}], "curriculum": stages}[name]
    config = SimpleTagConfig.model_validate({"backend": "pettingzoo", name: drawn})
    with pytest.raises(ValueError, match=f"{name} is .* and backend 'pettingzoo'.*leave {name} out"):
        task.make(config, 1, training=True)
    made = task.make(config, 1)
    assert made.roster.team == {"A": 2, "B": 2}
    made.close()
