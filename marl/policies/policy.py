"""The interface of a policy to collectors, evaluation and checkpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from marl.core.config import Config
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import Roster

__all__ = ["Act", "Policy"]


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


class Policy(nn.Module, ABC):
    """A team's choice of actions; a checkpoint stores its parameters and buffers.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        config: shape.
    """

    def __init__(self, roster: Roster, config: Config) -> None:
        super().__init__()
        self.roster, self.config = roster, config

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

    def initial_memory(self, num_copies: int, num_agents: int) -> Memory | None:
        """The memory at the beginning of an episode in ``B`` copies of ``N`` agents; None if there is none."""
        return None

    def inspect(self, rollout: Rollout) -> dict[str, Tensor]:
        """Tensors of a rollout that get a histogram in the log, by name, each ``[T, B, N]``."""
        return {}

    @abstractmethod
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent.

        Args:
            observation: leading axis ``[B]``.
            memory: from `initial_memory` or the last call, reset where an episode began
                (`Memory.reset`).
            generator: draws what is drawn; None takes the likeliest actions.
        """
