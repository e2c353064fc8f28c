"""The interface of a policy to collectors, evaluation and checkpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from marl.core.composition import format_team
from marl.core.config import Config
from marl.core.environment import Rule
from marl.core.errors import ConfigError
from marl.core.limits import check_switches
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster
from marl.core.seeding import ACTIONS, stream
from marl.policies.interface import Interface

__all__ = ["Act", "EpisodePlayer", "Policy"]


@dataclass(frozen=True)
class Act:
    """Result of `Policy.act`.

    Args:
        action: for each class ``[B, N_c]`` of int64, or ``[B, N_c, A]`` of float.
        log_prob: ``[B, N]``; zeros if the policy draws from no distribution.
        memory: to be passed to the next call; None if the policy has none.
    """

    action: dict[str, Tensor]
    log_prob: Tensor
    memory: Memory | None

    @classmethod
    def of(
        cls,
        observation: Observation,
        action: Mapping[str, Tensor],
        log_prob: Tensor | None = None,
        memory: Memory | None = None,
    ) -> Act:
        """Result for the agents that are to move; others have action 0, which nobody reads, and log-probability 0."""
        acting = observation.to_move
        if log_prob is None:
            log_prob = torch.zeros(acting.shape, device=acting.device)
        if acting.is_cpu and bool(acting.all()):  # a GPU would be waited for
            return cls(dict(action), log_prob, memory)
        parts = acting.split([x.shape[acting.ndim - 1] for x in action.values()], -1) if len(action) > 1 else (acting,)
        zeroed = {
            name: x * (part if x.ndim == part.ndim else part[..., None])
            for (name, x), part in zip(action.items(), parts, strict=True)
        }
        return cls(zeroed, log_prob * acting, memory)


class EpisodePlayer(Protocol):
    """Policy as episodes need it."""

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """Memory at the beginning of an episode."""
        ...

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent."""
        ...


class Policy(nn.Module, ABC):
    """A team's choice of actions; a checkpoint stores its parameters and buffers.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shape.
    """

    def __init__(self, roster: Roster, config: Config) -> None:
        super().__init__()
        self.roster, self.config = roster, config
        self.interface: Interface | None = None
        self._generator: torch.Generator | None = None

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return next(chain(self.parameters(), self.buffers())).device

    @property
    def has_messages(self) -> bool:
        """True if agents hear each other."""
        return False

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if agents of a class differ in their parameters."""
        return False

    @property
    def exploration(self) -> float | None:
        """Share of actions that are drawn at random in training mode; None if the policy knows no such share."""
        return None

    @property
    def size(self) -> str:
        """Amount of what is learnt, in words."""
        return f"{sum(parameter.numel() for parameter in self.parameters()):,} parameters"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({format_team(self.roster.team)}, {self.size})"

    @property
    def is_greedy(self) -> bool:
        """True if the best actions are taken outside training, whether or not they are to be drawn."""
        return False

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode in ``B`` copies of ``N`` agents; None if there is none."""
        return None

    def meet(self, rules: Mapping[str, Rule]) -> None:
        """Take note of an environment's hand-written rules, by which sides may play."""

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Numbers of a rollout that get a histogram in the log, by name: those of agents that were to move."""
        return {}

    def seed(self, seed: int = 0) -> None:
        """Restart the random numbers of `predict`; without it they are those of seed 0."""
        self._generator = stream(seed, ACTIONS, self.device)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
        *,
        agent: str | None = None,
        action_mask: Any = None,
    ) -> tuple[Any, Any]:
        """Choose actions in a loop of one's own, for observations as the environment gives them.

        The call is that of Stable-Baselines3 (https://github.com/DLR-RM/stable-baselines3,
        ``common/policies.py``). There are three kinds:

        - Gymnasium: one observation, or a batch of ``B`` as a vector environment gives it.
        - PettingZoo's parallel environments: a dictionary with the observation of each agent that is there. For those
          that left there is no action, nobody hears them, and their memory stays as it is.
        - Turns: the observation of ``agent``, one at a time.

        Args:
            observation: in the environment's observation space. A dictionary of a PettingZoo agent may hold
                ``"action_mask"``; keys that only training needs may be left out.
            state: what the last call returned; None where an episode begins. With ``agent`` it has the memory of each.
            episode_start: True forgets what was before, one bool or ``[B]``. Vector environments of Gymnasium give
                the first observation of an episode one step after ``terminated | truncated`` of the one before. With
                ``agent`` it is for that agent alone.
            deterministic: take the likeliest actions; False draws them, see `seed`. Policies of values take
                the best either way, and draw among equals at most.
            agent: name of the agent whose turn it is. An environment of one agent takes any name.
            action_mask: legal actions, ``[A]`` or ``[B, A]``, 1 for legal; by agent where observations are.

        Returns:
            Action for ``env.step``, in the bounds, shape and data type of its space, for a batch as vector
            environments take it, or for each agent that observes; and the state for the next call.

        Raises:
            ValueError: for an observation, mask or state of another shape, a mask without a legal action, and an
                agent that is unknown.
            ConfigError: if ``deterministic`` is neither True nor False, or the policy's environment is unknown or
                cannot be made.
            UntrustedError: if its settings name a module that is not imported and not trusted; see `marl.load`.
        """
        check_switches(deterministic=deterministic)
        if self.interface is None:
            raise ConfigError("this policy knows no environment; predict is for what marl.load and marl.train return")
        if not deterministic and (self._generator is None or self._generator.device != self.device):
            self.seed()
        generator = None if deterministic else self._generator
        return self.interface.predict(self, observation, state, episode_start, generator, agent, action_mask)

    def outputs(self, observation: Observation, memory: Memory | None) -> tuple[dict[str, Tensor], Memory | None]:
        """Numbers by which it chooses, as an exported file gives them.

        Args:
            observation: leading axis ``[B]``.
            memory: see `act`.

        Returns:
            By their name and that of a class, e.g. ``log_probs_A``, ``[B, N_c, A]``; and the memory for the next call.

        Raises:
            ConfigError: if it has none.
        """
        kind = getattr(self.config, "kind", "pool")
        raise ConfigError(
            f"a policy of kind {kind!r} chooses by no numbers of its own, and cannot be exported; export one of kind "
            "actor_critic, q_network, table or game"
        )

    @abstractmethod
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent.

        Args:
            observation: leading axis ``[B]``.
            memory: from `initial_memory` or the last call, reset where an episode began
                (`Memory.reset`).
            generator: draws what is drawn; None takes the likeliest actions.
        """
