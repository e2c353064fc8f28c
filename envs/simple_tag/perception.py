"""Observations of the agents of simple_tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from marl.core.records import Observation
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World, entities, nearest_prey

__all__ = ["Perception", "together"]


@dataclass(frozen=True)
class Perception:
    """Senses of the agents of one side: their features and links.

    Args:
        views: features of each of their classes.
        graph: message links among them; None for no messages.
        side: their side.
    """

    views: ClassViews
    graph: MessageGraph | None
    side: Side

    def __call__(
        self,
        world: World,
        kinds: Tensor | None = None,
        generator: torch.Generator | None = None,
        episode: Tensor | None = None,
        down: Tensor | None = None,
    ) -> Observation:
        """Observation of a world.

        Args:
            world: with leading axis ``[B]``.
            kinds: one-hot of each entity's kind, the agents first, see `marl.wrappers.rules.world.entities`; None to
                leave entities out.
            generator, episode, down: see `MessageGraph`; the last of the agents of this side.
        """
        seen = world if self.side == "predators" else world.mirrored
        table, mask = (None, None) if kinds is None else entities(seen, kinds)
        return Observation(
            features=self.views(seen),
            alive=seen.alive,
            adjacency=None if self.graph is None else self.graph(seen, generator, episode, down),
            kinematics=self.views.sensed(seen).kinematics,
            entities=table,
            entity_mask=mask,
            auxiliary_target=nearest_prey(seen),
        )


def together(parts: Sequence[Observation]) -> Observation:
    """Observation of both sides, or of one alone. Nobody hears the other side; entities are those of the first."""
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    heard = None
    if first.adjacency is not None and second.adjacency is not None:
        one, other = first.adjacency, second.adjacency
        heard = one.new_zeros(len(one), *[one.shape[-1] + other.shape[-1]] * 2)
        heard[:, : one.shape[-1], : one.shape[-1]] = one
        heard[:, one.shape[-1] :, one.shape[-1] :] = other
    return Observation(
        features=first.features | second.features,
        alive=torch.cat([first.alive, second.alive], 1),
        adjacency=heard,
        kinematics=_joined(first.kinematics, second.kinematics),
        entities=first.entities,
        entity_mask=first.entity_mask,
        auxiliary_target=_joined(first.auxiliary_target, second.auxiliary_target),
    )


def _joined(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    return None if first is None or second is None else torch.cat([first, second], 1)
