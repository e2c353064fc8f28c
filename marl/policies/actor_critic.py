"""Actor and critic of a team: the policy that REINFORCE, A2C and PPO train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from marl.core.config import Config
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.maths.distributions import Distribution
from marl.networks.actor import Actor, ActorConfig
from marl.networks.critic import Critic, CriticConfig
from marl.networks.encoder import EncoderConfig, TeamEncoder
from marl.networks.feature_normaliser import FeatureNormaliser
from marl.networks.graph_processor import GraphConfig, GraphProcessor, pass_messages
from marl.networks.mlp import MLP
from marl.policies.policy import Act, Policy
from marl.policies.value_normaliser import ValueNormaliser

__all__ = ["ActorCritic", "ActorCriticConfig", "Evaluation"]


class ActorCriticConfig(Config):
    """Networks of the team."""

    kind: Literal["actor_critic"] = "actor_critic"
    """The kind of policy."""
    encoder: EncoderConfig = Field(default_factory=EncoderConfig)
    """Class encoders and temporal transformer."""
    graph: GraphConfig = Field(default_factory=GraphConfig)
    """Messages between agents."""
    actor: ActorConfig = Field(default_factory=ActorConfig)
    """Class-shared actors."""
    critic: CriticConfig = Field(default_factory=CriticConfig)
    """Critics, used in training only."""
    normalise_features: bool = False
    """Features enter scaled to mean 0 and standard deviation 1 over all that was seen in training."""
    normalise_value: bool = True
    """Critics predict returns scaled to mean 0 and standard deviation 1."""


@dataclass(frozen=True)
class Evaluation:
    """What a rollout's actions look like to the present parameters.

    Args:
        log_prob: ``[T, B, N]``.
        entropy: ``[T, B, N]``.
        value: ``[T, B, N]``, as the critic gives it (normalised if values are).
        prediction: ``[T, B, N, Q]`` of the auxiliary target, or None.
    """

    log_prob: Tensor
    entropy: Tensor
    value: Tensor
    prediction: Tensor | None


class ActorCritic(Policy):
    """Class encoders, temporal transformer, graph processor, class actors and critics.

    Nothing depends on how many agents play: counts are read off each observation.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shapes.
        entity_size: ``F`` of the environment's entities; 0 if it gives none.
        auxiliary_size: ``Q`` of its auxiliary target; 0 if it gives none.
    """

    config: ActorCriticConfig

    def __init__(self, roster: Roster, config: ActorCriticConfig, entity_size: int, auxiliary_size: int) -> None:
        super().__init__(roster, config, entity_size, auxiliary_size)
        self.features = FeatureNormaliser(roster, config.normalise_features)
        self.encoder = TeamEncoder(roster, config.encoder)
        width = self.encoder.width
        self.graph = None if config.graph.kind == "none" else GraphProcessor(width, len(roster.classes), config.graph)
        self.norm = nn.LayerNorm(width) if self.graph is not None or self.encoder.has_memory else nn.Identity()
        self.actors = nn.ModuleDict({c.name: Actor(width, c.action, config.actor) for c in roster.classes})
        self.predictor = MLP((width, width, auxiliary_size), output_gain=1.0) if auxiliary_size else None
        self.critic = Critic(roster, entity_size, config.critic)
        self.normaliser = ValueNormaliser(config.normalise_value)
        self._class_order = {c.name: i for i, c in enumerate(roster.classes)}

    @property
    def has_messages(self) -> bool:
        """Whether there is a graph processor."""
        return self.graph is not None

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """Whether encoders are shared by nobody."""
        return self.config.encoder.sharing == "agent"

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode in ``B`` copies of ``N`` agents."""
        return self.encoder.initial_memory(num_copies, num_agents, self.device)

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Draws an action for every agent, or takes the likeliest; see `Policy.act`."""
        started = torch.zeros(1, *observation.leading_shape, dtype=torch.bool, device=observation.alive.device)
        distributions, _, memory = self._forward(self.features(observation.index(None)), memory, started)
        action, log_prob = {}, []
        for name, distribution in distributions.items():
            chosen = distribution.mode if generator is None else distribution.sample(generator)
            log_prob.append(distribution.log_prob(chosen)[0])
            action[name] = chosen[0]
        return Act(action, torch.cat(log_prob, -1), memory)

    def evaluate(self, rollout: Rollout) -> Evaluation:
        """Passes a whole rollout at once."""
        observation = self.features(rollout.observation)
        distributions, embedding, _ = self._forward(observation, rollout.memory, rollout.started)
        log_prob = torch.cat([d.log_prob(rollout.action[name]) for name, d in distributions.items()], -1)
        entropy = torch.cat([d.entropy for d in distributions.values()], -1)
        prediction = None if self.predictor is None else self.predictor(embedding)
        return Evaluation(log_prob, entropy, self.critic(observation), prediction)

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Values and log-probabilities; see `Policy.inspect`."""
        return {"value": self.value(rollout.observation), "log_prob": rollout.log_prob}

    @torch.no_grad()
    def value(self, observation: Observation) -> Tensor:
        """Values ``[..., N]`` in units of the return."""
        return self.normaliser.restore(self.critic(self.features(observation)))

    def _forward(
        self, observation: Observation, memory: Memory | None, started: Tensor
    ) -> tuple[dict[str, Distribution], Tensor, Memory | None]:
        tokens, memory = self.encoder(observation, memory, started)
        counts = {name: features.shape[-2] for name, features in observation.features.items()}
        embedding = self.norm(pass_messages(self.graph, tokens, observation, self._class_order))
        masks = observation.action_mask or {}
        parts = embedding.split(list(counts.values()), dim=-2)
        distributions = {
            name: self.actors[name](part, masks.get(name)) for name, part in zip(counts, parts, strict=True)
        }
        return distributions, embedding, memory
