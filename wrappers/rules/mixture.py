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
    """Several opponents, one of which is drawn with equal probability for each episode of each copy.

    All members act in all copies, and only the action of the drawn one is used. So the random draws and the memory of
    each do not depend on the copies in which the others play; see `marl.wrappers.rules.prey.Opponents`.

    Args:
        members: the opponents to draw from.

    Raises:
        ValueError: for no members.
    """

    def __init__(self, members: Sequence[Opponents | PreyPolicy]) -> None:
        if not members:
            raise ValueError("a mixture of no opponents cannot play; give at least one")
        self.members = tuple(opponents_of(member) for member in members)
        self.drawn: Tensor | None = None
        """``[B]``, index of the member that plays in each copy; None before the first episode."""

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """Discrete actions of the opponents' side, ``[B, P]`` or ``[B, N]``.

        Raises:
            RuntimeError: before the first episode has begun.
        """
        if self.drawn is None:
            raise RuntimeError("no opponents are drawn yet; begin an episode first")
        chosen = torch.stack([member(world, generator) for member in self.members])  # [members, B, agents]
        return chosen[self.drawn.to(chosen.device), torch.arange(chosen.shape[1], device=chosen.device)]

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """Draw a member for each copy that begins an episode; see `marl.wrappers.rules.prey.Opponents`."""
        # Drawn for all copies and then selected: the stream does not depend on the number of copies that begin.
        drawn = torch.randint(len(self.members), where.shape, generator=generator, device=where.device)
        self.drawn = drawn if self.drawn is None else torch.where(where, drawn, self.drawn.to(where.device))
        for member in self.members:
            member.begin(where, generator)

    def state(self) -> dict[str, Any]:
        """Index of the member in each copy, and the state of each member."""
        members = {str(place): member.state() for place, member in enumerate(self.members)}
        return {"drawn": self.drawn, "members": members}

    def load_state(self, state: dict[str, Any]) -> None:
        """See `marl.wrappers.rules.prey.Opponents`."""
        self.drawn = state["drawn"]
        for place, member in enumerate(self.members):
            member.load_state(state["members"][str(place)])
