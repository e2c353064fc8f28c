"""Prey that follow a rule, used by the wrapper and by the batched simulator."""

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
"""World and generator to discrete actions ``[B, P]``."""


def random(world: World, generator: torch.Generator) -> Tensor:
    """Each of the five actions with equal probability."""
    shape = world.prey_position.shape[:2]
    return torch.randint(5, shape, generator=generator, device=world.position.device)


def still(world: World, generator: torch.Generator) -> Tensor:
    """Never moves by itself."""
    shape = world.prey_position.shape[:2]
    return torch.zeros(shape, dtype=torch.long, device=world.position.device)


def flee(world: World, generator: torch.Generator) -> Tensor:
    """Runs from the predators, keeps inside the arena and off the obstacles.

    For each action with direction ``u`` the prey looks at ``q = p + 0.5 (0.75 v + 0.4 u)`` and
    takes the largest score
    ``- sum over predators of 1 / (distance + 0.05) - 30 (how far beyond 0.9 each |coordinate|
    of q is, summed) - 2 (number of landmarks within 0.3)``; in a world of another extent 0.9 of it
    takes the place of 0.9.
    """
    directions = torch.tensor(DIRECTIONS, dtype=world.position.dtype, device=world.position.device)
    coasting = world.prey_position + 0.375 * world.prey_velocity
    ahead = (coasting[:, :, None] + 0.2 * directions).flatten(1, 2)  # [B, P * 5, 2]
    to_predator = (ahead[:, :, None] - world.predator_position[:, None]).square().sum(-1).sqrt()
    score = -((to_predator + 0.05).reciprocal() * world.alive[:, None]).sum(-1)
    score = score - 30 * (ahead.abs() - 0.9 * world.extent).clamp(min=0).sum(-1)
    to_landmark = (ahead[:, :, None] - world.landmark_position[:, None]).square().sum(-1)
    score = score - 2 * (to_landmark < 0.09).sum(-1)
    return score.unflatten(1, (world.num_prey, 5)).argmax(-1)


@dataclass(frozen=True)
class PreyNoise:
    """How often a prey forgets its rule, which makes it easier to learn to catch.

    At the start of an episode a probability is drawn evenly between ``low`` and ``high``; with
    that probability each prey takes a random action at each step of the episode. Between 0 and 1
    a batch holds prey of every skill.

    Args:
        low: smallest probability.
        high: largest.

    Raises:
        ValueError: unless ``0 <= low <= high <= 1``.
    """

    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        check_prey_noise(self.low, self.high)

    def draw(self, num_copies: int, generator: torch.Generator) -> Tensor:
        """``[B]``, the probability in each copy for one episode."""
        drawn = torch.rand(num_copies, generator=generator, device=generator.device)
        return self.low + (self.high - self.low) * drawn

    def apply(self, world: World, action: Tensor, probability: Tensor, generator: torch.Generator) -> Tensor:
        """The actions ``[B, P]`` that are taken in place of ``action``; ``probability`` is ``[B]``."""
        if self.high == 0:
            return action
        forgets = torch.rand(action.shape, generator=generator, device=action.device) < probability[:, None]
        return torch.where(forgets, random(world, generator), action)


@runtime_checkable
class Opponents(Protocol):
    """The side that does not learn, where it may remember something from step to step."""

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """Discrete actions of that side: ``[B, P]`` if it is the prey, ``[B, N]`` if the predators."""
        ...

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Forgets what was in the copies that begin an episode, and draws what holds for all of it.

        ``where`` is ``[B]`` of bool.
        """
        ...

    def state(self) -> dict[str, Any]:
        """What is remembered, for a checkpoint."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state that `state` gave."""
        ...


class Rule:
    """Opponents that follow a function and remember nothing.

    Args:
        rule: world and generator to discrete actions.
    """

    def __init__(self, rule: PreyPolicy) -> None:
        self.rule = rule

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """See `Opponents`."""
        return self.rule(world, generator)

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Nothing is remembered."""

    def state(self) -> dict[str, Any]:
        """Empty."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Nothing is remembered."""


def opponents_of(opponents: Opponents | PreyPolicy) -> Opponents:
    """A function as `Opponents`; those that are stay as they are."""
    return opponents if isinstance(opponents, Opponents) else Rule(opponents)


PREY: dict[str, PreyPolicy] = {"random": random, "still": still, "flee": flee}
"""The scripted prey by name."""
