"""Actor and critic of a team: the policy that REINFORCE, A2C and PPO train."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.maths.distributions import Distribution
from marl.networks.actor import Actor
from marl.networks.critic import Critic
from marl.networks.mlp import MLP
from marl.networks.trunk import TeamTrunk
from marl.policies.configs import ActorCriticConfig
from marl.policies.policy import Act, Policy
from marl.policies.value_normaliser import ValueNormaliser

__all__ = ["ActorCritic", "Evaluation"]


@dataclass(frozen=True)
class Evaluation:
    """A rollout's actions under the present parameters.

    Args:
        log_prob: ``[T, B, N]``, 0 for agents that were not to move.
        entropy: ``[T, B, N]``.
        value: ``[T, B, N]``, as the critic gives it (normalised if values are).
        prediction: ``[T, B, N, Q]`` of the auxiliary target, or None.
    """

    log_prob: Tensor
    entropy: Tensor
    value: Tensor
    prediction: Tensor | None


class ActorCritic(Policy):
    """The trunk of a team with class actors, critics, and a predictor of hidden quantities.

    Nothing depends on how many agents play: counts are read off each observation.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shapes.
    """

    config: ActorCriticConfig

    def __init__(self, roster: Roster, config: ActorCriticConfig) -> None:
        super().__init__(roster, config)
        self.trunk = TeamTrunk(roster, config.encoder, config.graph, config.normalise_features)
        width = self.trunk.width
        self.actors = nn.ModuleDict({c.name: Actor(width, c.action, config.actor) for c in roster.classes})
        hidden = roster.auxiliary_size
        self.predictor = MLP((width, width, hidden), output_gain=1.0) if hidden else None
        self.critic = Critic(self.trunk.roster, config.critic)
        self.normaliser = ValueNormaliser(config.normalise_value)

    @property
    def has_messages(self) -> bool:
        """True if there is a graph processor."""
        return self.trunk.has_messages

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if encoders are shared by nobody."""
        return self.trunk.has_parameters_for_each_agent

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode in ``B`` copies of ``N`` agents."""
        return self.trunk.initial_memory(num_copies, num_agents, self.device)

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Draw an action for every agent, or take the likeliest; see `Policy.act`."""
        distributions, memory = self._distributions(observation, memory)
        action, log_prob = {}, []
        for name, distribution in distributions.items():
            chosen = distribution.mode if generator is None else distribution.sample(generator)
            log_prob.append(distribution.log_prob(chosen)[0])
            action[name] = chosen[0]
        return Act.of(observation, action, torch.cat(log_prob, -1), memory)

    def outputs(self, observation: Observation, memory: Memory | None) -> tuple[dict[str, Tensor], Memory | None]:
        """Log-probabilities of actions, or means and logarithms of deviations; see `Policy.outputs`."""
        distributions, memory = self._distributions(observation, memory)
        found = {}
        for name, distribution in distributions.items():
            parameters = vars(distribution)
            for what, numbers in zip(parameters, torch.broadcast_tensors(*parameters.values()), strict=True):
                found[f"{what}_{name}"] = numbers[0].detach()  # a parameter's view would keep its gradient
        return found, memory

    def evaluate(self, rollout: Rollout) -> Evaluation:
        """Pass a whole rollout at once.

        Args:
            rollout: leading axes ``[T, B]``.
        """
        observation = self.trunk.read(rollout.observation)
        distributions, embedding, _ = self._forward(observation, rollout.memory, rollout.started)
        log_prob = torch.cat([d.log_prob(rollout.action[name]) for name, d in distributions.items()], -1)
        log_prob = log_prob.masked_fill(~observation.to_move, 0.0)
        entropy = torch.cat([d.entropy for d in distributions.values()], -1)
        prediction = None if self.predictor is None else self.predictor(embedding)
        return Evaluation(log_prob, entropy, self.critic(observation), prediction)

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Values and log-probabilities; see `Policy.inspect`."""
        acting = rollout.observation.to_move
        return {"value": self.value(rollout.observation)[acting], "log_prob": rollout.log_prob[acting]}

    @torch.no_grad()
    def value(self, observation: Observation) -> Tensor:
        """Values ``[..., N]`` in units of the return."""
        return self.normaliser.restore(self.critic(self.trunk.read(observation)))

    @torch.no_grad()
    def take_returns(self, returns: Tensor) -> None:
        """Take the returns of one rollout, of any shape, into the normaliser of values.

        With ``preserve_values`` the critics' last layers change against it, so that values stay: van Hasselt
        et al., "Learning values across many orders of magnitude", https://arxiv.org/abs/1602.07714, proposition 1.
        """
        mean, deviation = self.normaliser.moments()
        self.normaliser.update(returns)
        if self.config.preserve_values:
            new_mean, new_deviation = self.normaliser.moments()
            self.critic.rescale(deviation / new_deviation, (mean - new_mean) / new_deviation)

    def _distributions(
        self, observation: Observation, memory: Memory | None
    ) -> tuple[dict[str, Distribution], Memory | None]:
        """Distributions by class of one step ``[B, ...]``, with leading axes ``[1, B]``, and the memory after it."""
        started = torch.zeros(1, *observation.leading_shape, dtype=torch.bool, device=observation.alive.device)
        distributions, _, memory = self._forward(self.trunk.read(observation.index(None)), memory, started)
        return distributions, memory

    def _forward(
        self, observation: Observation, memory: Memory | None, started: Tensor
    ) -> tuple[dict[str, Distribution], Tensor, Memory | None]:
        """Distributions by class, embeddings ``[T, B, N, D]`` and memory of a read observation ``[T, B, ...]``."""
        embedding, memory = self.trunk(observation, memory, started)
        parts, masks = self.trunk.by_class(embedding, observation), observation.action_mask or {}
        distributions = {name: self.actors[name](part, masks.get(name)) for name, part in parts.items()}
        return distributions, embedding, memory
