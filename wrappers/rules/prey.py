"""Scripted prey, shared by the PettingZoo wrapper and the batched simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from marl.wrappers.rules.settings import check_prey_noise
from marl.wrappers.rules.world import DIRECTIONS, World

__all__ = ["PREY", "Opponents", "PreyNoise", "PreyPolicy", "Rule", "flee", "opponents_of", "random", "still"]

PreyPolicy = Callable[[World, torch.Generator], Tensor]
"""Function from world and generator to discrete actions ``[B, P]``."""


def random(world: World, generator: torch.Generator) -> Tensor:
    """One of the five actions with equal probability; ``[B, P]``."""
    shape = world.prey_position.shape[:2]
    return torch.randint(5, shape, generator=generator, device=world.position.device)


def still(world: World, generator: torch.Generator) -> Tensor:
    """No thrust, action 0; ``[B, P]``."""
    shape = world.prey_position.shape[:2]
    return torch.zeros(shape, dtype=torch.long, device=world.position.device)


def flee(world: World, generator: torch.Generator) -> Tensor:
    """Flight from the predators, inside the arena and around the obstacles; ``[B, P]``.

    For each action with direction ``u`` the prey looks ahead to ``q = p + 0.5 (0.75 v + 0.4 u)``. It takes the action
    with the largest score::

        - sum over predators of 1 / (distance + 0.05)
        - 30 * sum over coordinates of max(0, |q_i| - 0.9 * extent)
        - 2 * number of landmarks within 0.3
    """
    directions = torch.tensor(DIRECTIONS, dtype=world.position.dtype, device=world.position.device)
    # Half a second ahead: friction leaves 0.75 of the velocity, and thrust adds 0.1 s * 4 units/s^2 = 0.4.
    coasting = world.prey_position + 0.375 * world.prey_velocity
    ahead = (coasting[:, :, None] + 0.2 * directions).flatten(1, 2)  # [B, P * 5, 2]
    to_predator = (ahead[:, :, None] - world.predator_position[:, None]).square().sum(-1).sqrt()
    # Absent predators are stored at the origin; they must not repel.
    score = -((to_predator + 0.05).reciprocal() * world.alive[:, None]).sum(-1)
    score = score - 30 * (ahead.abs() - 0.9 * world.extent).clamp(min=0).sum(-1)
    to_landmark = (ahead[:, :, None] - world.landmark_position[:, None]).square().sum(-1)
    score = score - 2 * (to_landmark < 0.09).sum(-1)
    return score.unflatten(1, (world.num_prey, 5)).argmax(-1)


@dataclass(frozen=True)
class PreyNoise:
    """Random actions in place of the rule's, which make prey easier to learn to catch.

    A probability is drawn uniformly between ``low`` and ``high`` at the start of each episode. With that probability
    each prey takes a random action at each step of the episode. With bounds 0 and 1 a batch holds prey of every skill.

    Args:
        low: smallest probability.
        high: largest probability.

    Raises:
        ValueError: unless ``0 <= low <= high <= 1``.
    """

    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        check_prey_noise(self.low, self.high)

    def draw(self, num_copies: int, generator: torch.Generator) -> Tensor:
        """Draw the probability of one episode for each copy, ``[B]``."""
        drawn = torch.rand(num_copies, generator=generator, device=generator.device)
        return self.low + (self.high - self.low) * drawn

    def apply(self, world: World, action: Tensor, probability: Tensor, generator: torch.Generator) -> Tensor:
        """Replace some of the actions ``[B, P]`` by random ones, with ``probability`` ``[B]``."""
        # Without noise nothing is drawn, so other draws from the same generator stay the same.
        if self.high == 0:
            return action
        forgets = torch.rand(action.shape, generator=generator, device=action.device) < probability[:, None]
        return torch.where(forgets, random(world, generator), action)


@runtime_checkable
class Opponents(Protocol):
    """Interface of the side that does not learn. It may keep a memory from step to step."""

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """Discrete actions of that side: ``[B, P]`` for prey, ``[B, N]`` for predators."""
        ...

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Clear the memory of the copies that begin an episode, and make the draws that hold for the episode.

        ``where`` is ``[B]`` of bool, True for those copies.
        """
        ...

    def state(self) -> dict[str, Any]:
        """The memory, for a checkpoint."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state` returned."""
        ...


class Rule:
    """Opponents that follow a function and have no memory.

    Args:
        rule: function from world and generator to discrete actions.
    """

    def __init__(self, rule: PreyPolicy) -> None:
        self.rule = rule

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """See `Opponents`."""
        return self.rule(world, generator)

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Do nothing: there is no memory."""

    def state(self) -> dict[str, Any]:
        """An empty dictionary."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Do nothing: there is no memory."""


def opponents_of(opponents: Opponents | PreyPolicy) -> Opponents:
    """Wrap a function as `Opponents`; return `Opponents` unchanged."""
    return opponents if isinstance(opponents, Opponents) else Rule(opponents)


PREY: dict[str, PreyPolicy] = {"random": random, "still": still, "flee": flee}
"""The scripted prey by name."""
