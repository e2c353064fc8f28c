"""Kinds of policies by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag, TypeAdapter

from marl.core.config import Config
from marl.core.roster import Roster
from marl.policies.actor_critic import ActorCritic, ActorCriticConfig
from marl.policies.policy import Policy
from marl.policies.q_network import QNetwork, QNetworkConfig
from marl.policies.random import RandomPolicy, RandomPolicyConfig
from marl.policies.table import Table, TableConfig

__all__ = ["POLICY_KINDS", "PolicyConfig", "make_policy", "read_policy_config"]


def _kind_of(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "actor_critic" if kind is None else kind


PolicyConfig = Annotated[
    Annotated[ActorCriticConfig, Tag("actor_critic")]
    | Annotated[QNetworkConfig, Tag("q_network")]
    | Annotated[TableConfig, Tag("table")]
    | Annotated[RandomPolicyConfig, Tag("random")],
    Discriminator(_kind_of),
]
"""Settings of any policy; ``kind`` tells which, and is that of actor and critic if it is not given."""


POLICIES: dict[type[Config], type[Policy]] = {
    ActorCriticConfig: ActorCritic,
    QNetworkConfig: QNetwork,
    TableConfig: Table,
    RandomPolicyConfig: RandomPolicy,
}

POLICY_KINDS = tuple(config.model_fields["kind"].default for config in POLICIES)
"""Their names."""


def make_policy(roster: Roster, config: Config) -> Policy:
    """Make the policy that a configuration describes; see `Policy`.

    Raises:
        ValueError: if it cannot be made for this roster or environment.
    """
    return POLICIES[type(config)](roster, config)


def read_policy_config(values: Mapping[str, Any]) -> Config:
    """Settings of a policy from the values of a file.

    Raises:
        pydantic.ValidationError: if they will not do.
    """
    return TypeAdapter(PolicyConfig).validate_python(dict(values))
