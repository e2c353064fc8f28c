"""simple_tag by its settings: what is refused, and that both simulators are the same task."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch.testing import assert_close

from marl.core.roster import ActionSpec, Plane
from marl.envs.simple_tag.config import CommunicationConfig, SimpleTagConfig
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.making import graph_of, opponents_of, views_of
from marl.envs.simple_tag.task import SimpleTagTask, task
from marl.tasks.pettingzoo import PettingZooEnvironment
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY

PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators"]}}


def make(num_copies: int = 2, training: bool = False, **settings: Any) -> Any:
    return task.make(SimpleTagConfig.model_validate(settings), num_copies, training)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prey": "fly"}, "prey is 'fly'; what there is: random, still, flee, held_out_prey, or the folder of a run"),
        (
            {"prey": "experiments"},
            "prey is 'experiments'; what there is: random, still, flee, held_out_prey, or the folder",
        ),
        (
            {"predators": "flee"},
            "predators is 'flee'; what there is: chase, random, still, predator_team, or the folder of a run",
        ),
        ({"side": "both"}, "side\n.*'predators' or 'prey'.*'both'"),
        ({"backend": "mujoco"}, "backend\n.*'batched' or 'pettingzoo'.*'mujoco'"),
        ({**PREY_LEARN, "backend": "pettingzoo"}, "side is 'prey' and backend 'pettingzoo'; .* batched simulator only"),
        ({**PREY_LEARN, "classes": {"P": ["prey"]}}, "class 'P' sees 'prey', but prey learn; .* are 'predators'"),
        ({"classes": {"A": ["landmarks"], "B": ["predators"]}}, "'B' sees 'predators', but predators learn; .* 'prey'"),
        ({"classes": {"A": ["landmarks"], "B": ["predators:2"]}}, "'B' sees 'predators', but predators learn"),
        ({**PREY_LEARN, "training_num_predators": [2, 8]}, "a class sees each of the predators; .* predators:4"),
        (
            {**PREY_LEARN, "classes": {"P": ["predators:4"]}, "training_num_predators": [3, 2]},
            r"training_num_predators is \[3, 2\]; give two numbers from 1, the smaller first",
        ),
        # also a class that nobody plays
        ({"team": {"A": 1}, "classes": {"A": ["prey"], "C": ["predators"]}}, "class 'C' sees 'predators'"),
        ({"classes": {"A": ["walls"], "B": ["prey"]}}, "class 'A' sees 'walls'; what can be seen is landmarks, prey"),
        ({"classes": {"A": ["prey:0"], "B": ["prey"]}}, "class 'A' sees 'prey:0'; write prey for all, or prey:4"),
        ({"classes": {"A": [], "B": ["prey"]}}, "class 'A' sees nothing; give it at least one of landmarks"),
        ({"team": {"A": 2, "Z": 1}}, "team names class 'Z', which is not declared; declared are A, B"),
        ({"team": "A=0,B=0"}, "team {'A': 0, 'B': 0} has no predators; give at least one, e.g. A=1"),
        ({"team": "A2"}, "team 'A2': 'A2' is not NAME=COUNT; write for example A=2,B=2"),
        ({"team": {"A": -1, "B": 2}}, "team has -1 agents of class 'A'; give zero or more"),
        ({"prey_noise": [0.5, 0.2]}, r"prey noise is \(0.5, 0.2\); give two probabilities, the smaller first"),
        ({"prey_noise": [0.5, 1.2]}, r"prey noise is \(0.5, 1.2\)"),
        ({"num_prey": 0}, "num_prey\n.*greater than or equal to 1.*input_value=0"),
        ({"num_predators": 0}, "num_predators\n.*greater than or equal to 1.*input_value=0"),
        ({"num_obstacles": -1}, "num_obstacles\n.*greater than or equal to 0.*input_value=-1"),
        ({"max_cycles": 0}, "max_cycles\n.*greater than or equal to 1"),
        ({"communication": {"range": -0.5}}, "communication.range\n.*greater than or equal to 0.*input_value=-0.5"),
        ({"communication": {"nearest": 0}}, "communication.nearest\n.*greater than or equal to 1"),
        ({"communication": {"link_loss": 1.0}}, "link_loss is 1.0; give a probability of at least 0 and below 1"),
        ({"frame": "polar"}, "frame\n.*'absolute' or 'relative'.*'polar'"),
        ({"num_preys": 2}, "num_preys\n.*not permitted"),
        ({"communication": {"reach": 2}}, "communication.reach\n.*not permitted"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){message}"):
        SimpleTagConfig.model_validate(settings)


def test_a_team_may_be_written_as_text() -> None:
    assert SimpleTagConfig.model_validate({"team": "B=3, A=1"}).team == {"A": 1, "B": 3}


def test_settings_survive_being_written() -> None:
    config = SimpleTagConfig.model_validate(
        {**PREY_LEARN, "communication": None, "training_predators": ("chase", "still")}
    )
    assert SimpleTagConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize("name", PREY)
def test_scripted_prey_by_name(name: str) -> None:
    assert opponents_of(SimpleTagConfig(prey=name), 4) is PREY[name]


@pytest.mark.parametrize("name", PREDATORS)
def test_scripted_predators_by_name(name: str) -> None:
    assert opponents_of(SimpleTagConfig.model_validate({**PREY_LEARN, "predators": name}), 1) is PREDATORS[name]


def test_each_side_has_its_own_numbers() -> None:
    settings = {"num_prey": 3, "num_predators": 5, "num_obstacles": 1}
    predators, prey = make(**settings), make(**PREY_LEARN, **settings)
    assert (predators.side, prey.side) == ("predators", "prey")
    # 4 predators, 3 prey, 1 obstacle; 5 predators, 1 prey, 1 obstacle
    assert predators.reset(0).entities.shape[1] == 8
    assert prey.reset(0).entities.shape[1] == 7
    assert (predators.world.num_predators, predators.world.num_prey) == (4, 3)
    assert (prey.world.num_predators, prey.world.num_prey) == (5, 1)
    # own state, what is seen, one-hot
    assert [c.feature_size for c in predators.roster.classes] == [4 + 2 + 2, 4 + 12 + 2]
    assert [c.feature_size for c in prey.roster.classes] == [4 + 20 + 1]
    assert set(predators.scripted()) == {"chase"}
    assert set(prey.scripted()) == set(PREY)


def test_the_number_of_predators_is_drawn_in_training_only() -> None:
    settings = {**PREY_LEARN, "classes": {"P": ["predators:4"]}, "training_num_predators": (2, 8)}
    training, evaluation = make(num_copies=50, training=True, **settings), make(num_copies=50, **settings)
    numbers = [tag.reset(0).entity_mask[:, 1:-2].sum(-1).tolist() for tag in (training, evaluation)]
    assert set(numbers[0]) == {2, 3, 4, 5, 6, 7, 8}
    assert set(numbers[1]) == {4}
    assert training.roster == evaluation.roster


def test_no_communication_is_no_graph() -> None:
    assert graph_of(None) is None
    graph = graph_of(CommunicationConfig(range=0.5, nearest=2, link_loss=0.1))
    assert graph is not None
    assert (graph.range, graph.nearest, graph.losses) == (0.5, 2, (0.1, 0.1))
    assert views_of(SimpleTagConfig(frame="absolute"), {"A": 1}).frame == "absolute"


TASKS: dict[str, dict[str, Any]] = {
    "default": {},
    "continuous": {"continuous_actions": True, "num_prey": 2},
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


@pytest.mark.parametrize("backend", ["batched", "pettingzoo"])
def test_disturbances_are_for_training_only(backend: str) -> None:
    settings = {
        "backend": backend,
        "prey": "still",
        "prey_noise": (1.0, 1.0),
        "communication": {"range": None, "link_loss": 0.9},
        "num_obstacles": 0,
    }
    for training in (False, True):
        tag = make(num_copies=8, training=training, **settings)
        tag.reset(0)
        moved, heard = 0, 0
        for _ in range(5):
            step = tag.step({name: torch.zeros(8, 2, dtype=torch.long) for name in "AB"})
            moved += int((step.next_observation.entities[:, 4, 2:4].norm(dim=-1) > 0.05).sum())
            heard += int(step.next_observation.adjacency.sum())
        if training:
            # a prey thrusts at four of five steps, to a speed of 0.4, which decays by a quarter a step
            assert moved > 30
            # of 480 links one in ten is left; standard error 9 as they come in pairs
            assert 10 < heard < 90
        else:
            # only prey that begin in touch with a predator are pushed
            assert moved <= 10
            assert heard == 8 * 5 * 12


def test_the_task_knows_its_settings() -> None:
    assert isinstance(task, SimpleTagTask)
    assert task.config_type is SimpleTagConfig
