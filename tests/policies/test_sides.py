from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from marl.core.records import Observation
from marl.core.roster import Roster
from marl.core.selection import Selection, class_sizes
from marl.networks.configs import EncoderConfig, GraphConfig, TransformerConfig
from marl.policies.configs import (
    ActorCriticConfig,
    PartConfig,
    PlayerConfig,
    QNetworkConfig,
    RandomPolicyConfig,
    SidesConfig,
)
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy
from marl.policies.saved import load_policy, save_policy
from marl.policies.sides import Sides, player_of

STEPS = 6


def remembering(window: int, layers: int) -> ActorCriticConfig:
    transformer = TransformerConfig(layers=layers, heads=2, window=window, feedforward=16)
    return ActorCriticConfig(encoder=EncoderConfig(hidden=(8, 8), transformer=transformer), graph=GraphConfig(heads=2))


def parts(**policies: Any) -> SidesConfig:
    return SidesConfig(
        sides=tuple(
            PartConfig(name=name, classes=(kind,), players=(PlayerConfig(policy=p),))
            for name, (kind, p) in policies.items()
        )
    )


def sharp(policy: Policy) -> Policy:
    """Actors that, unlike at the start of training, tell situations apart."""
    with torch.no_grad():
        for name, tensor in policy.named_parameters():
            if "actors" in name and tensor.ndim == 2:
                tensor.mul_(50)
    return policy.double()


def test_each_side_plays_as_if_it_were_alone(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    """Over steps, of which one begins an episode; memories of both sides differ in length and depth."""
    roster = make_roster(2, 3)
    policy = sharp(make_policy(roster, parts(few=("A", remembering(2, 1)), many=("B", remembering(4, 2)))))
    assert isinstance(policy, Sides)
    sizes = {"A": 2, "B": 3}
    alone = {"few": Selection(sizes, {"A": range(2)}), "many": Selection(sizes, {"B": range(3)})}
    memory = policy.initial_memory(3, roster.size)
    memories = {name: policy.policies[name].initial_memory(3, agents.size) for name, agents in alone.items()}
    begins = torch.tensor([False, True, False])
    seen = []
    for step in range(STEPS):
        whole = make_observation(roster, 3, seed=step)
        act = policy.act(whole, memory)
        memory = act.memory
        for name, agents in alone.items():
            own = policy.policies[name].act(agents.observation(whole), memories[name])
            memories[name] = own.memory
            for kind, action in own.action.items():
                assert act.action[kind].equal(action)
                seen.append(action)
            assert act.log_prob[:, agents.agents] == pytest.approx(own.log_prob.numpy(), abs=1e-6)
        if step == 3:
            assert memory is not None
            memory = memory.reset(begins)
            memories = {name: own and own.reset(begins) for name, own in memories.items()}
    assert len(torch.cat([action.flatten() for action in seen]).unique()) > 2


def test_a_side_that_is_fixed_plays_as_outside_training(make_roster: Callable[..., Roster]) -> None:
    config = SidesConfig(
        sides=(
            PartConfig(name="one", classes=("A",), players=(PlayerConfig(policy=QNetworkConfig()),)),
            PartConfig(name="other", classes=("B",), players=(PlayerConfig(policy=QNetworkConfig()),), fixed=True),
        )
    )
    policy = make_policy(make_roster(), config)
    assert isinstance(policy, Sides)
    assert [side.training for side in policy.policies.values()] == [True, False]
    assert list(policy.trained) == ["one"]
    policy.eval().train()
    assert [side.training for side in policy.policies.values()] == [True, False]


def test_a_file_has_all_sides(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation], tmp_path: Path
) -> None:
    roster = make_roster(2, 3)
    policy = make_policy(roster, parts(few=("A", remembering(2, 1)), many=("B", RandomPolicyConfig())))
    save_policy(tmp_path, policy, {"name": "x"})
    loaded = load_policy(tmp_path).policy
    assert isinstance(loaded, Sides)
    assert loaded.config == policy.config
    weights = policy.state_dict()
    assert all(weights[name].equal(tensor) for name, tensor in loaded.state_dict().items())
    seen = make_observation(roster, 2).map(lambda x: x.float() if x.is_floating_point() else x)
    assert class_sizes(seen) == {"A": 2, "B": 3}
    acts = [p.act(seen, None, torch.Generator().manual_seed(3)).action for p in (policy.eval(), loaded)]
    assert all(acts[0][kind].equal(acts[1][kind]) for kind in "AB")


def test_players_are_found_by_their_classes(make_roster: Callable[..., Roster]) -> None:
    policy = make_policy(make_roster(), parts(few=("A", RandomPolicyConfig()), many=("B", RandomPolicyConfig())))
    assert isinstance(policy, Sides)
    assert player_of(policy, ("B",)) is policy.policies["many"]
    assert player_of(policy, ("A", "B")) is policy
    assert player_of(policy.policies["few"], ("A",)) is policy.policies["few"]


def test_an_unknown_class_is_refused(make_roster: Callable[..., Roster]) -> None:
    with pytest.raises(ValueError, match="class 'C' of a side is not there; classes are A, B"):
        make_policy(make_roster(), parts(few=("C", RandomPolicyConfig())))
