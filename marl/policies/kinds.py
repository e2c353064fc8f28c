"""Kinds of policies by name."""

from __future__ import annotations

from marl.core.config import Config
from marl.core.roster import Roster
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import (
    ActorCriticConfig,
    PartConfig,
    QNetworkConfig,
    RandomPolicyConfig,
    RulePolicyConfig,
    SavedGameNetworkConfig,
    SidesConfig,
    TableConfig,
)
from marl.policies.game_network import GameNetwork
from marl.policies.policy import Policy
from marl.policies.pool import Pool
from marl.policies.q_network import QNetwork
from marl.policies.random import RandomPolicy
from marl.policies.rule import RulePolicy
from marl.policies.sides import Sides, roster_of
from marl.policies.table import Table

__all__ = ["make_policy"]


POLICIES: dict[type[Config], type[Policy]] = {
    ActorCriticConfig: ActorCritic,
    QNetworkConfig: QNetwork,
    TableConfig: Table,
    RandomPolicyConfig: RandomPolicy,
    RulePolicyConfig: RulePolicy,
    SavedGameNetworkConfig: GameNetwork,
}


def make_policy(roster: Roster, config: Config) -> Policy:
    """Make the policy that a configuration describes; see `Policy`.

    Raises:
        ValueError: if it cannot be made for this roster or environment.
    """
    if isinstance(config, SidesConfig):
        return Sides(roster, config, {side.name: _side(roster, side) for side in config.sides})
    return POLICIES[type(config)](roster, config)


def _side(roster: Roster, side: PartConfig) -> Policy:
    players = [make_policy(roster_of(roster, side, player), player.policy) for player in side.players]
    return players[0] if len(players) == 1 else Pool(roster_of(roster, side), side, players)
