from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.networks.configs import QHeadConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import (
    POLICY_KINDS,
    ActorCriticConfig,
    QNetworkConfig,
    RandomPolicyConfig,
    TableConfig,
    read_policy_config,
)
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy
from marl.policies.q_network import QNetwork
from marl.policies.random import RandomPolicy
from marl.policies.table import Table

SOLO = Roster((AgentClass("solo", 3, ActionSpec("discrete", 2)),), (1,), Plane(), entity_size=4, auxiliary_size=2)
CLASSES: dict[str, type[Policy]] = {
    "actor_critic": ActorCritic,
    "q_network": QNetwork,
    "table": Table,
    "random": RandomPolicy,
}


def test_the_list_has_every_kind() -> None:
    assert sorted(POLICY_KINDS) == sorted([*CLASSES, "game"])  # which needs a game, see test_game_network


@pytest.mark.parametrize("kind", CLASSES)
def test_a_kind_makes_its_policy(kind: str) -> None:
    bins = {"bins": [[0.5], [], []]} if kind == "table" else {}
    assert type(make_policy(SOLO, read_policy_config({"kind": kind, **bins}))) is CLASSES[kind]


def test_without_a_kind_it_is_actor_and_critic() -> None:
    assert read_policy_config({}) == ActorCriticConfig()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"normalise_features": True}, ActorCriticConfig(normalise_features=True)),
        ({"kind": "q_network", "head": {"dueling": True}}, QNetworkConfig(head=QHeadConfig(dueling=True))),
        ({"kind": "table", "bins": [[0.5]]}, TableConfig(bins=((0.5,),))),
        ({"kind": "random"}, RandomPolicyConfig()),
    ],
)
def test_settings_are_those_of_the_kind(values: dict[str, Any], expected: object) -> None:
    assert read_policy_config(values) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "muzero"}, "'muzero' .*'actor_critic', 'q_network', 'table', 'random'"),
        ({"kind": "table", "encoder": {}}, "(?s)encoder.*Extra inputs are not permitted"),
        ({"bins": "one_hot"}, "(?s)bins.*Extra inputs are not permitted"),
    ],
)
def test_an_unknown_kind_and_settings_of_another_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read_policy_config(values)
