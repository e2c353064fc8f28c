from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.networks.configs import EncoderConfig, QHeadConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig, QNetworkConfig, RandomPolicyConfig, TableConfig
from marl.policies.named_policy import NamedPolicy
from marl.policies.q_network import QNetwork
from marl.policies.random import RandomPolicy
from marl.policies.table import Table

Make = Callable[..., Any]
FEATURES = ["features_A", "features_B"]
MEMORY = ["keys", "values", "valid"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, [*FEATURES, "alive", "adjacency", "kinematics", *MEMORY]),
        ({"kind": "none"}, [*FEATURES, "alive", *MEMORY]),
        ({"temporal": "none"}, [*FEATURES, "alive", "adjacency", "kinematics"]),
        ({"kind": "none", "temporal": "none"}, FEATURES),
    ],
)
def test_inputs_are_what_the_networks_read(
    options: dict[str, str], named: list[str], make_policy: Make, make_roster: Make, make_observation: Make
) -> None:
    roster = make_roster(2, 3)
    policy, observation = make_policy(roster, **options), make_observation(roster, 2)
    assert list(NamedPolicy(policy, observation).inputs) == named
    waiting = NamedPolicy(policy, replace(observation, acting=observation.alive))
    assert ("acting" in waiting.inputs) == ("keys" in named)
    silent = NamedPolicy(policy, replace(observation, adjacency=None))  # nobody is ever heard, and tokens stay
    assert not {"adjacency", "kinematics"} & set(silent.inputs)


def single(x: Tensor) -> Tensor:
    return x.float() if x.is_floating_point() else x


def padded(small: Observation, roster: Roster, places: list[int]) -> Observation:
    """The same agents at some places of a larger team, whose others see and say something at random."""
    copies, size = small.alive.shape[0], roster.size
    features, first = {}, 0
    for name, agents in roster.slices.items():
        features[name] = torch.randn(copies, roster.team[name], small.features[name].shape[-1])
        own = [place - agents.start for place in places[first : first + small.features[name].shape[-2]]]
        features[name][:, own] = small.features[name]
        first += len(own)
    alive, adjacency = torch.zeros(copies, size, dtype=torch.bool), torch.ones(copies, size, size, dtype=torch.bool)
    kinematics = torch.randn(copies, size, 4)
    assert small.adjacency is not None and small.kinematics is not None
    alive[:, places], kinematics[:, places] = True, small.kinematics
    adjacency[:, torch.tensor(places)[:, None], places] = small.adjacency
    return Observation(features, alive, adjacency=adjacency, kinematics=kinematics)


@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_a_team_answers_as_it_does_without_the_places_of_others(
    kind: str, make_policy: Make, make_roster: Make, make_observation: Make
) -> None:
    largest, places = make_roster(2, 3), [1, 2, 4]
    policy = make_policy(largest, kind=kind).float().eval()
    named = NamedPolicy(policy, make_observation(largest, 2).map(single))
    memory, held = policy.initial_memory(2, 3), [named.inputs[name] for name in MEMORY]
    for seed in range(5):
        small = make_observation(make_roster(1, 2), 2, seed=seed).map(single)
        act = policy.act(small, memory, torch.Generator().manual_seed(seed))
        seen = padded(small, largest, places)
        assert seen.adjacency is not None and seen.kinematics is not None
        found = named.named(*seen.features.values(), seen.alive, seen.adjacency, seen.kinematics, *held)
        told = torch.cat([found["log_probs_A"], found["log_probs_B"]], 1)[:, places]
        chosen = torch.cat(list(act.action.values()), 1)
        assert_close(told.gather(-1, chosen[..., None])[..., 0], act.log_prob, rtol=1e-5, atol=1e-5)
        memory, held = act.memory, [found[f"next_{name}"] for name in MEMORY]
    assert held[2].any(-1)[0].tolist() == [False, True, True, False, True]


def test_continuous_actions_have_mean_and_deviation() -> None:
    roster = Roster((AgentClass("A", 3, ActionSpec("continuous", 2)),), (2,))
    config = ActorCriticConfig(encoder=EncoderConfig(hidden=(8,), temporal="none"))
    policy = ActorCritic(roster, config)
    policy.actors["A"].log_std.data = torch.tensor([-1.0, 0.5])
    observation = Observation({"A": torch.randn(3, 2, 3)}, torch.ones(3, 2, dtype=torch.bool))
    named = NamedPolicy(policy, observation)
    assert list(named.inputs) == ["features_A"]
    act = policy.act(observation, None, torch.Generator().manual_seed(0))
    wanted = torch.distributions.Normal(named.outputs["mean_A"], named.outputs["log_std_A"].exp())
    assert_close(wanted.log_prob(act.action["A"]).sum(-1), act.log_prob)


def test_values_of_illegal_actions_are_the_lowest() -> None:
    """The table's by hand: state 1 of two has the values 5, 7 and 6."""
    legal = torch.tensor([True, False, True]).expand(2, 1, 3)
    alive = torch.ones(2, 1, dtype=torch.bool)
    table = Table(Roster((AgentClass("solo", 1, ActionSpec("discrete", 3), (2,)),), (1,)), TableConfig())
    table.values("solo")[1] = torch.tensor([5.0, 7.0, 6.0])
    seen = Observation({"solo": torch.ones(2, 1, 1, dtype=torch.int64)}, alive, {"solo": legal})
    named = NamedPolicy(table, seen)
    assert list(named.inputs) == ["features_solo", "action_mask_solo"]
    lowest = torch.finfo(torch.float32).min
    assert named.outputs["q_values_solo"].tolist() == [[[5.0, lowest, 6.0]]] * 2
    config = QNetworkConfig(encoder=EncoderConfig(hidden=(8,), temporal="none"), head=QHeadConfig(dueling=True))
    network = QNetwork(Roster((AgentClass("solo", 4, ActionSpec("discrete", 3)),), (1,)), config)
    seen = Observation({"solo": torch.randn(2, 1, 4)}, alive, {"solo": legal})
    values = NamedPolicy(network, seen).outputs["q_values_solo"]
    assert_close(values[legal], network.q_values(seen)["solo"][legal])
    assert values[~legal].tolist() == [lowest] * 2


def test_what_chooses_by_no_numbers_is_refused() -> None:
    policy = RandomPolicy(Roster((AgentClass("A", 1, ActionSpec("discrete", 4)),), (1,)), RandomPolicyConfig())
    seen = Observation({"A": torch.zeros(2, 1, 1)}, torch.ones(2, 1, dtype=torch.bool))
    with pytest.raises(ConfigError, match=r"kind 'random' chooses by no numbers .* export one of kind actor_critic"):
        NamedPolicy(policy, seen)
