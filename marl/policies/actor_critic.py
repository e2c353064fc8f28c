"""Actor and critic of a team: the policy that REINFORCE, A2C and PPO train."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn

from marl.batch import Memory, Observation, Rollout
from marl.config import Config
from marl.distributions import Distribution
from marl.networks.actor import Actor, ActorConfig
from marl.networks.critic import Critic, CriticConfig
from marl.networks.encoder import EncoderConfig, TeamEncoder
from marl.networks.graph_processor import GraphConfig, GraphProcessor
from marl.networks.mlp import mlp
from marl.policies.normaliser import ValueNormaliser
from marl.roster import Roster

__all__ = ["Act", "ActorCritic", "ActorCriticConfig", "Evaluation"]


class ActorCriticConfig(Config):
    """Networks of the team."""

    encoder: EncoderConfig = Field(default_factory=EncoderConfig)
    """Class encoders and temporal transformer."""
    graph: GraphConfig = Field(default_factory=GraphConfig)
    """Messages between agents."""
    actor: ActorConfig = Field(default_factory=ActorConfig)
    """Class-shared actors."""
    critic: CriticConfig = Field(default_factory=CriticConfig)
    """Critics, used in training only."""
    normalise_value: bool = True
    """Critics predict returns scaled to mean 0 and standard deviation 1."""


@dataclass(frozen=True)
class Act:
    """What `ActorCritic.act` gives.

    Args:
        action: for each class ``[B, N_c]`` of int64, or ``[B, N_c, A]`` of float.
        log_prob: ``[B, N]``.
        memory: to be passed to the next call; None if the policy has none.
    """

    action: dict[str, Tensor]
    log_prob: Tensor
    memory: Memory | None


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


class ActorCritic(nn.Module):
    """Class encoders, temporal transformer, graph processor, class actors and critics.

    Nothing depends on how many agents play: counts are read off each observation.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shapes.
        entity_size: ``F`` of the environment's entities; 0 if it gives none.
        auxiliary_size: ``Q`` of its auxiliary target; 0 if it gives none.
    """

    def __init__(self, roster: Roster, config: ActorCriticConfig, entity_size: int, auxiliary_size: int) -> None:
        super().__init__()
        self.roster, self.config = roster, config
        self.entity_size, self.auxiliary_size = entity_size, auxiliary_size
        self.encoder = TeamEncoder(roster, config.encoder)
        width = self.encoder.width
        self.graph = None if config.graph.kind == "none" else GraphProcessor(width, len(roster.classes), config.graph)
        self.norm = nn.LayerNorm(width) if self.graph is not None or self.encoder.has_memory else nn.Identity()
        self.actors = nn.ModuleDict(self._make_actors(width))
        self.predictor = mlp((width, width, auxiliary_size), output_gain=1.0) if auxiliary_size else None
        self.critic = Critic(roster, entity_size, config.critic)
        self.normaliser = ValueNormaliser(config.normalise_value)
        self._class_order = {c.name: i for i, c in enumerate(roster.classes)}

    def _make_actors(self, width: int) -> dict[str, Actor]:
        config, classes = self.config.actor, self.roster.classes
        if config.belief and not self.auxiliary_size:
            raise ValueError("actor.belief is on, but this environment names no hidden quantities to predict")
        if config.belief:
            width += self.auxiliary_size
        if config.sharing == "class":
            return {c.name: Actor(width, c.action, config) for c in classes}
        if len({c.action for c in classes}) > 1:
            raise ValueError("actor.sharing is 'team', but the classes have different actions; use 'class'")
        return {"team": Actor(width, classes[0].action, config)}

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode in ``B`` copies of ``N`` agents."""
        return self.encoder.initial_memory(num_copies, num_agents, self.device)

    @torch.no_grad()
    def act(
        self,
        observation: Observation,
        memory: Memory | None,
        generator: torch.Generator | None = None,
    ) -> Act:
        """Chooses an action for every agent.

        Args:
            observation: leading axis ``[B]``.
            memory: from `initial_memory` or the last call, reset where an episode began
                (`Memory.reset`).
            generator: draws the actions; None takes the likeliest.
        """
        started = torch.zeros(1, *observation.leading_shape, dtype=torch.bool, device=observation.alive.device)
        distributions, _, memory = self._forward(observation.index(None), memory, started)
        action, log_prob = {}, []
        for name, distribution in distributions.items():
            chosen = distribution.mode if generator is None else distribution.sample(generator)
            log_prob.append(distribution.log_prob(chosen)[0])
            action[name] = chosen[0]
        return Act(action, torch.cat(log_prob, -1), memory)

    def evaluate(self, rollout: Rollout) -> Evaluation:
        """Passes a whole rollout at once."""
        observation = rollout.observation
        distributions, prediction, _ = self._forward(observation, rollout.memory, rollout.started, predict=True)
        log_prob = torch.cat([d.log_prob(rollout.action[name]) for name, d in distributions.items()], -1)
        entropy = torch.cat([d.entropy for d in distributions.values()], -1)
        return Evaluation(log_prob, entropy, self.critic(observation), prediction)

    @torch.no_grad()
    def value(self, observation: Observation) -> Tensor:
        """Values ``[..., N]`` in units of the return."""
        return self.normaliser.restore(self.critic(observation))

    def _forward(
        self, observation: Observation, memory: Memory | None, started: Tensor, predict: bool = False
    ) -> tuple[dict[str, Distribution], Tensor | None, Memory | None]:
        tokens, memory = self.encoder(observation, memory, started)
        counts = {name: features.shape[-2] for name, features in observation.features.items()}
        if self.graph is not None and observation.adjacency is not None:
            assert observation.kinematics is not None
            indices = [self._class_order[name] for name, count in counts.items() for _ in range(count)]
            classes = torch.tensor(indices, device=tokens.device)
            tokens = self.graph(tokens, observation.adjacency, observation.kinematics, classes)
        embedding = self.norm(tokens)
        wanted = predict or self.config.actor.belief
        prediction = self.predictor(embedding) if self.predictor is not None and wanted else None
        if self.config.actor.belief:
            assert prediction is not None
            embedding = torch.cat([embedding, prediction.detach()], -1)
        masks = observation.action_mask or {}
        parts = embedding.split(list(counts.values()), dim=-2)
        actors = {name: self.actors["team" if self.config.actor.sharing == "team" else name] for name in counts}
        distributions = {name: actors[name](part, masks.get(name)) for name, part in zip(counts, parts, strict=True)}
        return distributions, prediction, memory
