"""Values of actions for a team: the policy that DQN trains."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.maths.distributions import of_legal
from marl.networks.mixer import make_mixer
from marl.networks.q_head import QHead
from marl.networks.trunk import TeamTrunk
from marl.policies.configs import QNetworkConfig
from marl.policies.policy import Act, Policy
from marl.policies.scripted import random_actor

__all__ = ["QNetwork", "best_action", "value_of"]


def best_action(values: Tensor, action_mask: Tensor | None) -> Tensor:
    """The legal action of the highest value.

    Args:
        values: ``[..., A]``.
        action_mask: ``[..., A]``, True = legal; None if all are.

    Returns:
        ``[...]`` of int64.
    """
    return of_legal(values, action_mask).argmax(-1)


class QNetwork(Policy):
    """The trunk of a team with a head for each class; acts epsilon-greedily while it is trained.

    Nothing depends on how many agents play: counts are read off each observation.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shapes.

    Raises:
        ValueError: if a class has actions that are not discrete, or the mixer does not fit the environment.
    """

    config: QNetworkConfig
    epsilon: Tensor
    """Share of actions that are drawn at random in training mode; its learner sets it."""

    def __init__(self, roster: Roster, config: QNetworkConfig) -> None:
        super().__init__(roster, config)
        for c in roster.classes:
            if c.action.kind != "discrete":
                raise ValueError(
                    f"class {c.name!r} has {c.action.kind} actions, but a policy of kind 'q_network' has one value for "
                    "each of finitely many; train kind 'actor_critic' (ppo, a2c, reinforce), or make its actions "
                    "discrete"
                )
        self.trunk = TeamTrunk(roster, config.encoder, config.graph, config.normalise_features)
        width = self.trunk.width
        self.heads = nn.ModuleDict({c.name: QHead(width, c.action.size, config.head) for c in roster.classes})
        self.mixer = make_mixer(roster, config.mixer)
        self.register_buffer("epsilon", torch.zeros(()))
        self._explore = random_actor(roster)

    @property
    def has_messages(self) -> bool:
        """True if there is a graph processor."""
        return self.trunk.has_messages

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if encoders are shared by nobody."""
        return self.trunk.has_parameters_for_each_agent

    @property
    def exploration(self) -> float:
        """Share of actions that are drawn at random in training mode."""
        return float(self.epsilon)

    @property
    def is_greedy(self) -> bool:
        """True: the best values decide."""
        return True

    def q_values(self, observation: Observation) -> dict[str, Tensor]:
        """Value of each action of each agent.

        Args:
            observation: any leading axes.

        Returns:
            For each class ``[..., N_c, A]``; those of illegal actions mean nothing.
        """
        return self.values_of_scaled(self.trunk.features(observation))

    def values_of_scaled(self, observation: Observation) -> dict[str, Tensor]:
        """As `q_values`, of an observation that went through the trunk's feature normaliser already."""
        observation = self.trunk.images(observation)
        embedding, _ = self.trunk(observation)
        parts, masks = self.trunk.by_class(embedding, observation), observation.action_mask or {}
        return {name: self.heads[name](part, masks.get(name)) for name, part in parts.items()}

    def best(self, values: Mapping[str, Tensor], observation: Observation) -> dict[str, Tensor]:
        """For each class ``[..., N_c]``, the legal actions of the highest of these values."""
        masks = observation.action_mask or {}
        return {name: best_action(of_class, masks.get(name)) for name, of_class in values.items()}

    def outputs(self, observation: Observation, memory: Memory | None) -> tuple[dict[str, Tensor], Memory | None]:
        """Values of actions, the lowest number for illegal ones; see `Policy.outputs`."""
        masks = observation.action_mask or {}
        values = self.q_values(observation)
        return {f"q_values_{name}": of_legal(of_class, masks.get(name)) for name, of_class in values.items()}, None

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """The best legal actions; in training mode a share of them is drawn at random; see `Policy.act`."""
        action = self.best(self.q_values(observation), observation)
        alive = observation.alive
        if self.training and generator is not None:
            drawn = self._explore(observation, generator)
            explores = torch.rand(alive.shape, generator=generator, device=alive.device) < self.epsilon
            first = 0
            for name, best in action.items():
                action[name] = best.where(~explores[..., first : first + best.shape[-1]], drawn[name])
                first += best.shape[-1]
        return Act.of(observation, action)

    @torch.no_grad()
    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Values of the actions that were taken; see `Policy.inspect`."""
        values = value_of(self.q_values(rollout.observation), rollout.action)
        return {"q_value": values[rollout.observation.to_move]}


def value_of(values: Mapping[str, Tensor], action: Mapping[str, Tensor]) -> Tensor:
    """The values of chosen actions.

    Args:
        values: for each class ``[..., N_c, A]``.
        action: for each class ``[..., N_c]``.

    Returns:
        ``[..., N]``.
    """
    parts = [of_class.gather(-1, action[name][..., None]).squeeze(-1) for name, of_class in values.items()]
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
