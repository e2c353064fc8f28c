"""Several kinds of opponents, one of which is drawn for each episode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from marl.wrappers.rules.prey import Opponents, PreyPolicy, opponents_of
from marl.wrappers.rules.world import World

__all__ = ["Mixture"]


class Mixture:
    """Opponents of which each copy has one at a time, drawn evenly when an episode begins.

    All play in all copies, and only the one that was drawn is heeded, so that what each draws and
    remembers does not depend on where the others play; see `marl.wrappers.rules.prey.Opponents`.

    Args:
        members: who may be drawn.

    Raises:
        ValueError: if there are none.
    """

    def __init__(self, members: Sequence[Opponents | PreyPolicy]) -> None:
        if not members:
            raise ValueError("a mixture of no opponents cannot play; give at least one")
        self.members = tuple(opponents_of(member) for member in members)
        self.drawn: Tensor | None = None
        """``[B]``, the place among the members of the one that plays in each copy."""

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """Discrete actions of its side, ``[B, P]`` or ``[B, N]``.

        Raises:
            RuntimeError: before the first episode has begun.
        """
        if self.drawn is None:
            raise RuntimeError("no opponents are drawn yet; begin an episode first")
        chosen = torch.stack([member(world, generator) for member in self.members])  # [members, B, agents]
        return chosen[self.drawn.to(chosen.device), torch.arange(chosen.shape[1], device=chosen.device)]

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Draws anew where an episode begins; see `marl.wrappers.rules.prey.Opponents`."""
        drawn = torch.randint(len(self.members), where.shape, generator=generator, device=where.device)
        self.drawn = drawn if self.drawn is None else torch.where(where, drawn, self.drawn.to(where.device))
        for member in self.members:
            member.begin(where, generator)

    def state(self) -> dict[str, Any]:
        """Who plays where, and what each remembers."""
        members = {str(place): member.state() for place, member in enumerate(self.members)}
        return {"drawn": self.drawn, "members": members}

    def load_state(self, state: dict[str, Any]) -> None:
        """See `marl.wrappers.rules.prey.Opponents`."""
        self.drawn = state["drawn"]
        for place, member in enumerate(self.members):
            member.load_state(state["members"][str(place)])
